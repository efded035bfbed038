"""The numbers of the interpreter's operations, predicates and element types: plain integers, constants to Numba.

An instruction is eight int64: operation, destination, then operands; which is which stands with each operation.
`p` is a plane register, `v` a value register, `c` a column, `k` a parameter, `t` a table. A value operand is a value
register if it is not negative, else column `~operand`.
"""

from __future__ import annotations

WIDTH = 8

# Planes. Destination: p.
ZEROS = 0
ONES = 1
COLUMN_BITS = 2  # c
VALIDITY = 3  # c
PARAMETER_BIT = 4  # k of flags, bit
AND = 5  # p, p
OR = 6  # p, p
AND_NOT = 7  # p, p: first and not second
NOT = 8  # p
COMPARE_INT = 9  # predicate, value operand, k of ints
COMPARE_DOUBLE = 10  # predicate, value operand, k of doubles
COMPARE_INTS = 11  # predicate, v, v
COMPARE_DOUBLES = 12  # predicate, v, v
LOOKUP_BIT = 14  # c of codes, t of flags, bit

# Integers. Destination: v; where the operation can fail, operand 5 is the p of failed rows, else -1.
LOAD_INT = 20  # c
FILL_INT = 21  # k of ints
ADD_INT = 22  # v, v, k of the range's first value (its last is the next parameter); fails
SUBTRACT_INT = 23  # v, v, k of the range's first value; fails
MULTIPLY_INT = 24  # v, v; fails
DIVIDE_INT = 25  # v, v; fails
MODULO_INT = 26  # v, v; fails
NEGATE_INT = 27  # v; fails
DOUBLE_TO_INT = 28  # v of doubles; fails
MULTIPLY_RANGE = 29  # v, k of ints: factor, then the range's first and last value; fails
SELECT_INT = 30  # p, v, v: the first where set
LOOKUP_INT = 31  # c of codes, t of int64
LOCAL_TIME = 32  # v, t of a zone's transitions, t of its offsets
CALENDAR_FIELD = 33  # v of local time, field
DIVIDE_TRUNCATED = 34  # v, k of ints
REMAINDER_TRUNCATED = 35  # v, k of ints
FLOOR_DIVIDE = 36  # v, k of ints
MONTHS_BETWEEN = 37  # v of local time, v of local time
DAYS_BETWEEN = 38  # v of local time, v of local time

# Doubles. Destination: v of doubles.
FIRST_OF_DOUBLES = 40
LOAD_DOUBLE = 40  # c
FILL_DOUBLE = 41  # k of doubles
ADD_DOUBLE = 42  # v, v
SUBTRACT_DOUBLE = 43  # v, v
MULTIPLY_DOUBLE = 44  # v, v
DIVIDE_DOUBLE = 45  # v, v
NEGATE_DOUBLE = 46  # v
INT_TO_DOUBLE = 47  # v of integers
MINOR_TO_MAJOR = 48  # v of integers, k of doubles: the divisor
SELECT_DOUBLE = 49  # p, v, v: the first where set
LOOKUP_DOUBLE = 50  # c of codes, t of float64

# Outputs.
EMIT_SEGMENT = 60  # destination: segment; p of members, p of unknowns or -1
EMIT_PLANE = 61  # destination: output plane; p
EMIT_INT = 62  # destination: output column; v
EMIT_DOUBLE = 63  # destination: output column; v

# Planes again. Destination: p. The number is this one and how many bits of the codes are compared, 1 to 16.
CODE_AT_LEAST = 100  # c of bit-sliced codes, lowest bits to leave out, odd bound of the others

# Predicates.
LESS = 0
AT_MOST = 1
GREATER = 2
AT_LEAST = 3
EQUAL = 4

# Element types of columns.
FLOAT64 = 0
FLOAT32 = 1
INT64 = 2
INT32 = 3
INT16 = 4
INT8 = 5
DOUBLES = (FLOAT64, FLOAT32)

# Fields of a local time.
YEAR = 0
MONTH = 1  # 0 is January
DAY_OF_MONTH = 2  # 0 is the first
DAY_OF_WEEK = 3  # 0 is Sunday
DAY_OF_YEAR = 4  # 0 is January 1st
HOURS = 5
MINUTES = 6
SECONDS = 7
MILLISECONDS = 8

# Bits of flags: what a looked-up or uniform value is.
TRUE_BIT = 0
FALSE_BIT = 1
NULL_BIT = 2
PRESENT_BIT = 3
