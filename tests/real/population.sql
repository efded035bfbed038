-- The customers of the Berka bank as of the evening of one day, a row a client.
--
-- Reads the tables account, client, disp, "order", trans, loan, card and district (every column text, '' read as null)
-- and the variables as_of (DATE) and zone (IANA name). Amounts go from text to DECIMAL, never through floating point.
-- An account that was opened later does not exist yet, nor do its cards, loans and standing orders.

WITH opened AS (
    SELECT
        account_id,
        berka_date(date) AS opened_on,
        frequency,
        district_id
    FROM account
    WHERE berka_date(date) <= getvariable('as_of')
),

-- Who may use which account.
disposition AS (
    SELECT disp.disp_id, disp.client_id, disp.account_id, disp.type, opened.opened_on, opened.frequency, opened.district_id
    FROM disp
    JOIN opened USING (account_id)
),

own AS (SELECT * FROM disposition WHERE type = 'OWNER'),

-- women are born in months 51 to 62
person AS (
    SELECT
        client_id::BIGINT AS client_id,
        birth_number,
        CASE WHEN birth_number[3:4]::INTEGER > 50 THEN 'F' ELSE 'M' END AS gender,
        berka_date(
            birth_number[1:2] || lpad((birth_number[3:4]::INTEGER % 50)::VARCHAR, 2, '0') || birth_number[5:6]
        ) AS born,
        district_id
    FROM client
),

-- '?' stands for a figure that nobody has
region AS (
    SELECT
        A1 AS district_id,
        A2 AS name,
        A3 AS region,
        A4::BIGINT AS inhabitants,
        A10::DOUBLE AS urban_share,
        A11::DECIMAL(18, 2) AS average_salary,
        nullif(A12, '?')::DOUBLE AS unemployment_1995,
        A13::DOUBLE AS unemployment_1996,
        A14::BIGINT AS entrepreneurs_per_1000,
        A15 AS crimes_1995_text,
        nullif(A15, '?')::BIGINT AS crimes_1995,
        A16::BIGINT AS crimes_1996
    FROM district
),

holding AS (
    SELECT
        client_id::BIGINT AS client_id,
        count(*) FILTER (type = 'OWNER') AS own_accounts,
        bool_or(type = 'DISPONENT') AS is_disponent,
        min(opened_on) FILTER (type = 'OWNER') AS opened_on,
        arg_min(frequency, opened_on) FILTER (type = 'OWNER') AS frequency,
        arg_min(region.name, opened_on) FILTER (type = 'OWNER') AS branch_district
    FROM disposition
    JOIN region USING (district_id)
    GROUP BY client_id
),

cards AS (
    SELECT
        client_id::BIGINT AS client_id,
        list(card.type ORDER BY issued, card_id::BIGINT) AS types,
        max(timezone(getvariable('zone'), strptime('19' || issued, '%Y%m%d %H:%M:%S'))) AS issued
    FROM card
    JOIN disposition USING (disp_id)
    WHERE berka_date(issued[1:6]) <= getvariable('as_of')
    GROUP BY client_id
),

-- an account has one loan at most
loans AS (
    SELECT
        client_id::BIGINT AS client_id,
        berka_date(loan.date) AS granted,
        amount::DECIMAL(18, 2) AS amount,
        duration::BIGINT AS months,
        payments::DECIMAL(18, 2) AS payment,
        status
    FROM loan
    JOIN own USING (account_id)
    WHERE berka_date(loan.date) <= getvariable('as_of')
),

standing_order AS (
    SELECT
        client_id::BIGINT AS client_id,
        order_id::BIGINT AS order_id,
        amount::DECIMAL(18, 2) AS amount,
        bank_to || account_to AS payee,
        CASE trim(k_symbol)
            WHEN 'SIPO' THEN 'household'
            WHEN 'POJISTNE' THEN 'insurance'
            WHEN 'LEASING' THEN 'leasing'
            WHEN 'UVER' THEN 'loan'
        END AS kind
    FROM "order"
    JOIN own USING (account_id)
),

orders AS (
    SELECT
        client_id,
        count(*) AS order_count,
        sum(amount)::DECIMAL(18, 2) AS total,
        list(DISTINCT kind ORDER BY kind) FILTER (kind IS NOT NULL) AS kinds,
        sum(amount) FILTER (kind = 'household')::DECIMAL(18, 2) AS household,
        sum(amount) FILTER (kind = 'insurance')::DECIMAL(18, 2) AS insurance,
        sum(amount) FILTER (kind = 'leasing')::DECIMAL(18, 2) AS leasing,
        sum(amount) FILTER (kind = 'loan')::DECIMAL(18, 2) AS loan,
        list(payee ORDER BY order_id) AS payees
    FROM standing_order
    GROUP BY client_id
),

movement AS (
    SELECT
        client_id::BIGINT AS client_id,
        account_id,
        berka_date(trans.date) AS booked,
        trans.type = 'PRIJEM' AS is_credit,
        operation,
        nullif(trim(k_symbol), '') AS purpose,
        amount::DECIMAL(18, 2) AS amount,
        balance::DECIMAL(18, 2) AS balance,
        bank
    FROM trans
    JOIN own USING (account_id)
    WHERE berka_date(trans.date) <= getvariable('as_of')
),

-- The file does not order an account's transactions within a day, and its balances are rounded. The day's last balance
-- is the one nearest to the running total of the amounts.
running AS (
    SELECT
        account_id,
        max(booked) AS last_day,
        sum(CASE WHEN is_credit THEN amount ELSE -amount END) AS total
    FROM movement
    GROUP BY account_id
),

closing AS (
    SELECT client_id, account_id, arg_min(balance, abs(balance - total)) AS balance
    FROM movement
    JOIN running USING (account_id)
    WHERE booked = last_day
    GROUP BY client_id, account_id
),

balances AS (
    SELECT client_id, sum(balance)::DECIMAL(18, 2) AS balance
    FROM closing
    GROUP BY client_id
),

-- last_three: the three calendar months that end with the month of as_of
movements AS (
    SELECT
        client_id,
        min(balance) AS lowest_balance,
        bool_or(balance < 0) AS was_overdrawn,
        coalesce(sum(amount) FILTER (is_credit AND last_three), 0)::DECIMAL(18, 2) AS inflow,
        coalesce(sum(amount) FILTER (NOT is_credit AND last_three), 0)::DECIMAL(18, 2) AS outflow,
        max(amount) FILTER (purpose = 'DUCHOD') AS pension,
        coalesce(sum(amount) FILTER (purpose = 'SIPO' AND last_three), 0)::DECIMAL(18, 2) AS household_paid,
        count(*) FILTER (purpose = 'SANKC. UROK') AS penalties,
        max(amount) FILTER (NOT is_credit AND operation = 'VYBER' AND purpose IS NULL) AS largest_cash_withdrawal,
        max(booked) AS last_day,
        max(booked) FILTER (is_credit AND operation = 'VKLAD') AS last_deposit_day,
        count(DISTINCT date_trunc('month', booked)) FILTER (balance < 5000) AS months_below_5000,
        count(*) / count(DISTINCT date_trunc('month', booked)) AS per_month,
        list(DISTINCT purpose ORDER BY purpose) FILTER (purpose IS NOT NULL) AS purposes,
        list(DISTINCT bank ORDER BY bank) FILTER (bank IS NOT NULL) AS banks
    FROM (
        SELECT *, booked >= date_trunc('month', getvariable('as_of')) - INTERVAL 2 MONTH AS last_three
        FROM movement
    )
    GROUP BY client_id
)

SELECT
    person.client_id AS customer_id,
    person.birth_number AS birthNumber,
    person.gender,
    person.born AS birthDate,
    (
        year(getvariable('as_of')) - year(born)
        - CASE WHEN strftime(getvariable('as_of'), '%m%d') < strftime(born, '%m%d') THEN 1 ELSE 0 END
    )::BIGINT AS age,
    region.name AS districtName,
    region.region,
    region.inhabitants AS districtInhabitants,
    region.urban_share AS districtUrbanShare,
    region.average_salary AS districtAverageSalary,
    region.unemployment_1995 AS unemployment1995,
    region.unemployment_1996 AS unemployment1996,
    region.entrepreneurs_per_1000 AS entrepreneursPer1000,
    region.crimes_1995_text AS crimes1995Text,
    region.crimes_1995 AS crimes1995,
    region.crimes_1996 AS crimes1996,

    coalesce(holding.own_accounts, 0) AS ownAccounts,
    coalesce(holding.is_disponent, false) AS isDisponent,
    holding.opened_on AS accountOpened,
    holding.frequency AS statementFrequency,
    holding.branch_district AS branchDistrict,
    cards.types AS cards,
    cards.issued AS cardIssued,

    loans.amount AS loanAmount,
    loans.granted AS loanGranted,
    loans.months AS loanMonths,
    loans.payment AS loanPayment,
    loans.status AS loanStatus,
    loans.status IN ('B', 'D') AS loanInDebt,

    -- without an own account there is nothing to count
    CASE WHEN holding.own_accounts > 0 THEN coalesce(orders.order_count, 0) END AS orderCount,
    orders.total AS orderTotal,
    orders.kinds AS orderKinds,
    orders.household AS householdOrders,
    orders.insurance AS insuranceOrders,
    orders.leasing AS leasingOrders,
    orders.loan AS loanOrders,
    orders.payees AS payees,

    balances.balance,
    movements.lowest_balance AS lowestBalance,
    movements.was_overdrawn AS wasOverdrawn,
    -- sums of three months are known only of accounts that were there all the time
    CASE WHEN holding.opened_on <= date_trunc('month', getvariable('as_of')) - INTERVAL 2 MONTH THEN movements.inflow END
        AS inflow3m,
    CASE WHEN holding.opened_on <= date_trunc('month', getvariable('as_of')) - INTERVAL 2 MONTH THEN movements.outflow END
        AS outflow3m,
    movements.pension,
    movements.household_paid AS householdPaid3m,
    movements.penalties AS penaltyCount,
    movements.largest_cash_withdrawal AS largestCashWithdrawal,
    -- the bank books by day: the moment is the day's start in its zone
    timezone(getvariable('zone'), movements.last_day::TIMESTAMP) AS lastTransaction,
    timezone(getvariable('zone'), movements.last_deposit_day::TIMESTAMP) AS lastDeposit,
    movements.months_below_5000 AS monthsBelow5000,
    movements.per_month AS transactionsPerMonth,
    movements.purposes AS categories,
    movements.banks AS partnerBanks
FROM person
JOIN region USING (district_id)
LEFT JOIN holding USING (client_id)
LEFT JOIN cards USING (client_id)
LEFT JOIN loans USING (client_id)
LEFT JOIN orders USING (client_id)
LEFT JOIN balances USING (client_id)
LEFT JOIN movements USING (client_id)
ORDER BY client_id
