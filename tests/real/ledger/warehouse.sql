-- The Berka bank in tables of its own. Reads the files as the tables raw_account, raw_client, raw_disp, raw_order, raw_trans
-- and raw_loan: every column text, '' read as null, `place` the number of the row. Amounts are whole haler.
--
-- moment() is the moment asked about, today() its day in Prague. Facts of the moment itself count.

CREATE MACRO moment() AS getvariable('moment')::TIMESTAMPTZ;
CREATE MACRO today() AS getvariable('moment')::TIMESTAMPTZ::DATE;
CREATE MACRO months_ago(months) AS (date_trunc('month', today()) - to_months(months))::DATE;
CREATE MACRO bank_day(text) AS strptime('19' || text, '%Y%m%d')::DATE;
CREATE MACRO haler(text) AS (text::DECIMAL(18, 2) * 100)::BIGINT;
CREATE MACRO days_from_1970(day) AS (day - DATE '1970-01-01')::BIGINT;

-- A quotient of whole numbers, rounded half to even. `//` and `%` truncate towards zero.
CREATE MACRO half_even(total, number) AS (
    total // number + CASE
        WHEN 2 * abs(total % number) > number THEN sign(total)
        WHEN 2 * abs(total % number) = number AND (total // number) % 2 <> 0 THEN sign(total)
        ELSE 0
    END
)::BIGINT;

CREATE TABLE customer AS SELECT 'c' || client_id AS customer FROM raw_client;

-- The bank has one kind of account; the others follow from how an account is used. One whose owner wants to hear of it more often
-- than monthly is for the money market. From one without standing orders nobody pays: savings.
CREATE TABLE own_account AS
SELECT
    'a' || account_id AS account,
    account_id,
    CASE
        WHEN frequency <> 'POPLATEK MESICNE' THEN 'MONEY_MARKET'
        WHEN account_id NOT IN (SELECT account_id FROM raw_order) THEN 'SAVINGS'
        ELSE 'CHECKING'
    END AS kind,
    bank_day(date) AS opened
FROM raw_account;

-- A standing order without a symbol goes to savings of the owner at another bank: nobody knows when they were opened.
CREATE TABLE savings_elsewhere AS
SELECT min('x' || order_id) AS account, account_id, bank_to AS bank, account_to AS number
FROM raw_order
WHERE trim(k_symbol) = ''
GROUP BY ALL;

-- What a loan is short of is the (negative) balance of an account of its own.
CREATE TABLE loan_account AS SELECT 'l' || loan_id AS account, account_id, bank_day(date) AS opened FROM raw_loan;

CREATE TABLE account AS
SELECT account, kind, false AS external, NULL AS institution, opened FROM own_account
UNION ALL SELECT account, 'SAVINGS', true, bank, NULL FROM savings_elsewhere
UNION ALL SELECT account, 'LOAN', false, NULL, opened FROM loan_account;

CREATE TABLE held AS
SELECT 'c' || client_id AS customer, 'a' || account_id AS account,
    CASE type WHEN 'OWNER' THEN 'OWNER' ELSE 'AUTHORIZED' END AS role
FROM raw_disp
UNION ALL
SELECT 'c' || client_id, account, 'OWNER'
FROM raw_disp JOIN (FROM savings_elsewhere SELECT account, account_id UNION ALL FROM loan_account SELECT account, account_id)
    USING (account_id)
WHERE type = 'OWNER';

CREATE TABLE own_booking AS
SELECT
    'a' || account_id AS account,
    bank_day(date) AS day,
    CASE type WHEN 'PRIJEM' THEN haler(amount) ELSE -haler(amount) END AS amount,
    haler(balance) AS balance,
    CASE trim(k_symbol)
        WHEN 'DUCHOD' THEN 'INCOME/PENSION'
        WHEN 'UROK' THEN 'INCOME/INTEREST'
        WHEN 'SIPO' THEN 'SPENDING/HOUSEHOLD'
        WHEN 'POJISTNE' THEN 'SPENDING/INSURANCE'
        WHEN 'UVER' THEN 'SPENDING/LOAN'
        WHEN 'SLUZBY' THEN 'FEES/STATEMENT'
        WHEN 'SANKC. UROK' THEN 'FEES/OVERDRAFT'
        ELSE CASE type WHEN 'PRIJEM' THEN 'INCOME/OTHER' ELSE 'SPENDING/OTHER' END
    END AS category,
    raw_trans.bank || '/' || raw_trans.account AS counterparty,
    operation,
    place
FROM raw_trans;

-- What arrived at the savings elsewhere, and what they came to.
CREATE TABLE saved AS
SELECT elsewhere.account, bank_day(date) AS day, haler(amount) AS amount,
    sum(haler(amount)) OVER (PARTITION BY elsewhere.account ORDER BY date, place)::BIGINT AS balance,
    't' || trans_id || '-' || elsewhere.account AS id, place
FROM raw_trans JOIN savings_elsewhere elsewhere
    ON raw_trans.account_id = elsewhere.account_id
    AND raw_trans.bank = elsewhere.bank AND raw_trans.account = elsewhere.number
WHERE type = 'VYDAJ';

CREATE TABLE booking AS
SELECT *, day::TIMESTAMPTZ AS happened FROM own_booking
UNION ALL BY NAME SELECT account, day, amount, balance, 'INCOME/SAVED' AS category, place, day::TIMESTAMPTZ AS happened FROM saved;

-- The debt of a loan when it was granted, and after each payment.
CREATE TABLE snapshot AS
SELECT account, day::TIMESTAMPTZ AS happened, day, sum(change) OVER (PARTITION BY account ORDER BY day)::BIGINT AS amount
FROM (
    SELECT account, day, sum(change) AS change
    FROM (
        SELECT 'l' || loan_id AS account, bank_day(date) AS day, -haler(amount) AS change FROM raw_loan
        UNION ALL
        SELECT 'l' || loan_id, bank_day(raw_trans.date), haler(raw_trans.amount)
        FROM raw_trans JOIN raw_loan USING (account_id)
        WHERE k_symbol = 'UVER' AND raw_trans.date >= raw_loan.date
    )
    GROUP BY ALL
);

-- What happened up to the moment, by customer.
CREATE VIEW paid AS
SELECT * FROM held JOIN account USING (account) JOIN booking USING (account) WHERE happened <= moment();

CREATE VIEW owed AS
SELECT * FROM held JOIN account USING (account) JOIN snapshot USING (account) WHERE happened <= moment();

-- What each account has at the ends of days: nothing before it was opened, then what its last transaction up to then left.
-- Null where there was none: nobody knows.
CREATE MACRO closing_balances(since, until) AS TABLE
WITH days AS (SELECT unnest(generate_series(since, until, INTERVAL 1 DAY))::DATE AS day),
closing AS (
    SELECT account, day, arg_max(balance, (happened, place)) AS balance FROM booking
    WHERE happened <= moment() GROUP BY ALL
)
SELECT dated.account, dated.day, CASE WHEN dated.day < dated.opened THEN 0 ELSE closing.balance END AS balance
FROM (SELECT * FROM account CROSS JOIN days) dated
ASOF LEFT JOIN closing ON dated.account = closing.account AND dated.day >= closing.day;
