-- Every table of a merchant's database, in the order of the way. Run at start, then checkpointed.
-- Money is DECIMAL(18,4): two decimals are expected, a third must not be lost before it is refused.
-- Ids are text or BIGINT as the API has them; times carry a zone; columns of an API keep its spelling.
-- The columns of qliro.* and fortnox.* are what a mapping may name: the compiler reads them from here.

CREATE SCHEMA IF NOT EXISTS raw;
CREATE SCHEMA IF NOT EXISTS qliro;
CREATE SCHEMA IF NOT EXISTS fortnox;
CREATE SCHEMA IF NOT EXISTS ledger;

CREATE SEQUENCE IF NOT EXISTS raw.answer_seq;
CREATE SEQUENCE IF NOT EXISTS ledger.event_seq;

-- Digest of the statements that made the tables and views; the last row counts.
CREATE TABLE IF NOT EXISTS raw.made_by (digest VARCHAR NOT NULL);

-- extract: each answer as it came, append-only; the view raw.answer is both ----------------------
-- DuckDB compresses 2,048 values at once and unpacks them to read one. Long bodies (answers.py says
-- from which length on) have a table of their own, so that what reads a short one unpacks few bytes,
-- and what a quiet run appends is not compressed once more beside them.
CREATE TABLE IF NOT EXISTS raw.answer_short (
    seq      BIGINT NOT NULL DEFAULT nextval('raw.answer_seq'),
    noted_at TIMESTAMPTZ NOT NULL,     -- when the request was sent
    origin   VARCHAR NOT NULL,         -- network, or file:NAME
    source   VARCHAR NOT NULL,         -- qliro or fortnox
    endpoint VARCHAR NOT NULL,         -- name in engine/transport/endpoints.py, or unknown
    method   VARCHAR NOT NULL,
    path     VARCHAR NOT NULL,
    query    VARCHAR NOT NULL,         -- name=value&…, sorted
    status   INTEGER NOT NULL,
    body     VARCHAR NOT NULL USING COMPRESSION zstd,  -- empty when it repeats the last answer to the
                                       -- same call (same digest)
    digest   VARCHAR NOT NULL,         -- sha256 of the body
    problem  VARCHAR                   -- why it could not be read, if it could not
);
CREATE TABLE IF NOT EXISTS raw.answer_long (
    seq      BIGINT NOT NULL,
    noted_at TIMESTAMPTZ NOT NULL,
    origin   VARCHAR NOT NULL,
    source   VARCHAR NOT NULL,
    endpoint VARCHAR NOT NULL,
    method   VARCHAR NOT NULL,
    path     VARCHAR NOT NULL,
    query    VARCHAR NOT NULL,
    status   INTEGER NOT NULL,
    body     VARCHAR NOT NULL USING COMPRESSION zstd,
    digest   VARCHAR NOT NULL,
    problem  VARCHAR
);
CREATE TABLE IF NOT EXISTS raw.cursor (  -- the last row of a stream holds
    stream VARCHAR NOT NULL, value VARCHAR NOT NULL, noted_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS raw.push (    -- pushes as they were drained: hints, never the truth
    seq                  BIGINT NOT NULL DEFAULT nextval('raw.answer_seq'),  -- among the answers
    received_at          TIMESTAMPTZ NOT NULL,
    kind                 VARCHAR NOT NULL,   -- checkout-status, order-management or upsell
    OrderId              BIGINT NOT NULL,
    Status               VARCHAR,
    PaymentType          VARCHAR,
    PaymentTransactionId BIGINT,
    "Timestamp"          VARCHAR             -- as Qliro wrote it
);
CREATE TABLE IF NOT EXISTS raw.inbox (   -- how far, in bytes, each segment of the inbox was drained
    segment VARCHAR NOT NULL, read_to BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS raw.staged (  -- answers up to this seq have been staged
    seq      BIGINT NOT NULL,
    is_whole BOOLEAN DEFAULT true      -- false where that stage goes on with further answers
);
ALTER TABLE raw.staged ADD COLUMN IF NOT EXISTS is_whole BOOLEAN DEFAULT true;

-- stage: Qliro ---------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS qliro.settlement_batch (
    Id             BIGINT NOT NULL,
    BatchId        VARCHAR,
    AcquirerName   VARCHAR,
    BatchDate      DATE,
    CurrencyCode   VARCHAR,
    TotalAmount    DECIMAL(18, 4),
    TotalFeeAmount DECIMAL(18, 4),
    FxTotalAmount  DECIMAL(18, 4),
    FxCurrencyCode VARCHAR,
    FxRate         DECIMAL(18, 8),
    raw_seq        BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS qliro.settlement_summary (
    Id      BIGINT NOT NULL,
    part    VARCHAR NOT NULL,          -- total, accepted, pending, rejected
    DebitTransactionsTotalSum  DECIMAL(18, 4),
    DebitTransactionsCount     BIGINT,
    CreditTransactionsTotalSum DECIMAL(18, 4),
    CreditTransactionsCount    BIGINT,
    FeeTransactionsTotalSum    DECIMAL(18, 4),
    FeeTransactionsCount       BIGINT,
    raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS qliro.settlement_line (
    line                   VARCHAR NOT NULL,  -- id: of batch, transaction, action, type, amount, ordinal
    Id                     BIGINT NOT NULL,   -- the batch
    position               INTEGER NOT NULL,  -- in the answer, from 1
    Status                 VARCHAR NOT NULL,  -- Accepted, Pending, Rejected (the list it stood in)
    PaymentTransactionId   BIGINT,
    OrderId                BIGINT,
    MerchantOrderReference VARCHAR,
    BatchId                VARCHAR,
    Action                 VARCHAR,           -- Debit, Credit, or what Qliro sent
    Type                   VARCHAR,           -- Transaction, Fee, Chargeback, or what Qliro sent
    CurrencyCode           VARCHAR,
    Amount                 DECIMAL(18, 4),
    AmountExcludingVat     DECIMAL(18, 4),
    VatRate                DECIMAL(18, 4),
    CountryCode            VARCHAR,
    AcquirerName           VARCHAR,
    PaymentMethodType      VARCHAR,
    PaymentMethodSubType   VARCHAR,
    PspSettlementDate      DATE,
    ImportSettlementDate   DATE,
    TransactionCompletedDate DATE,
    FxRate                 DECIMAL(18, 8),
    FxCurrencyCode         VARCHAR,
    FxTotal                DECIMAL(18, 4),
    vanished               BOOLEAN NOT NULL,  -- stood in an earlier answer and not in the last
    raw_seq                BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS qliro."order" (
    OrderId            BIGINT NOT NULL,
    MerchantReference  VARCHAR,
    Currency           VARCHAR,
    Country            VARCHAR,
    PaymentMethodName  VARCHAR,
    PaymentTypeCode    VARCHAR,
    IsUpsellOrder      BOOLEAN,
    JuridicalType      VARCHAR,            -- Physical, Company, or what Qliro sent
    FirstName          VARCHAR,
    LastName           VARCHAR,
    Email              VARCHAR,
    MobileNumber       VARCHAR,
    OrganisationNumber VARCHAR,            -- of a company, in the form of its country
    PersonHash         VARCHAR,            -- in place of a personal number
    VatNumber          VARCHAR,
    BillingFirstName   VARCHAR,
    BillingLastName    VARCHAR,
    BillingCompanyName VARCHAR,
    BillingCareOf      VARCHAR,
    BillingStreet      VARCHAR,
    BillingStreet2     VARCHAR,
    BillingPostalCode  VARCHAR,
    BillingCity        VARCHAR,
    BillingCountryCode VARCHAR,
    BillingArea        VARCHAR,
    ShippingFirstName  VARCHAR,
    ShippingLastName   VARCHAR,
    ShippingCompanyName VARCHAR,
    ShippingCareOf     VARCHAR,
    ShippingStreet     VARCHAR,
    ShippingStreet2    VARCHAR,
    ShippingPostalCode VARCHAR,
    ShippingCity       VARCHAR,
    ShippingCountryCode VARCHAR,
    ShippingArea       VARCHAR,
    problem              VARCHAR,          -- why its last answer can't be read; the one before holds
    raw_seq            BIGINT NOT NULL,
    as_of              TIMESTAMPTZ NOT NULL   -- when this was last so
);
CREATE TABLE IF NOT EXISTS qliro.item_action (  -- what was done with an item, as Qliro tells it
    OrderId              BIGINT NOT NULL,
    Id                   BIGINT,
    position             INTEGER NOT NULL, -- in the answer, from 1
    ActionType           VARCHAR,          -- Create, Reserve, Ship, Return, Release, or as it came
    PaymentTransactionId BIGINT,
    MerchantReference    VARCHAR,
    Description          VARCHAR,
    Quantity             DECIMAL(18, 4),
    PricePerItemIncVat   DECIMAL(18, 4),
    PricePerItemExVat    DECIMAL(18, 4),
    VatRate              DECIMAL(9, 4),    -- null in older orders
    Type                 VARCHAR,          -- Product, Discount, Fee, Shipping, or as it came
    raw_seq              BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS qliro.transaction (
    PaymentTransactionId BIGINT,
    OrderId              BIGINT NOT NULL,
    OriginalPaymentTransactionId BIGINT,   -- what a capture, refund or reversal is of
    Type                 VARCHAR,          -- Preauthorization, Debit, Capture, …, or as it came
    Amount               DECIMAL(18, 4),
    Currency             VARCHAR,
    Status               VARCHAR,          -- only Success counts
    "Timestamp"          TIMESTAMPTZ,
    PaymentMethodName    VARCHAR,
    position             INTEGER NOT NULL, -- in the answer, from 1
    raw_seq              BIGINT NOT NULL
);

-- stage: what Qliro's orders come to, derived from the above ------------------------------------
CREATE TABLE IF NOT EXISTS qliro.order_sum (
    OrderId         BIGINT NOT NULL,
    DeliveryCountry VARCHAR,
    OrderDate       DATE,
    SecuredAt       TIMESTAMPTZ,
    paid            BOOLEAN NOT NULL,      -- something was ever reserved or taken
    payment         VARCHAR NOT NULL,      -- secured, cancelled, waiting, refused
    authorised      DECIMAL(18, 4) NOT NULL, -- reserved or taken now, without what was replaced
    captured        DECIMAL(18, 4) NOT NULL,
    refunded        DECIMAL(18, 4) NOT NULL,
    reversed        DECIMAL(18, 4) NOT NULL,
    remaining       DECIMAL(18, 4),        -- authorised and neither captured nor reversed
    total           DECIMAL(18, 4) NOT NULL, -- of its lines
    lines           INTEGER NOT NULL,
    captures        INTEGER NOT NULL,
    refunds         INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS qliro.order_line (  -- what was bought, and what became of it
    line               VARCHAR NOT NULL,-- id: of its order and place
    OrderId            BIGINT NOT NULL,
    position           INTEGER NOT NULL,   -- from 1
    MerchantReference  VARCHAR,
    Description        VARCHAR,
    Quantity           DECIMAL(18, 4),
    PricePerItemIncVat DECIMAL(18, 4),
    PricePerItemExVat  DECIMAL(18, 4),
    VatRate            DECIMAL(9, 4),
    Type               VARCHAR,
    Currency           VARCHAR,            -- this and the rest of its order
    Country            VARCHAR,
    DeliveryCountry    VARCHAR,
    DeliveryPostalCode VARCHAR,            -- only where it may lie outside the VAT area
    JuridicalType      VARCHAR,
    OrganisationNumber VARCHAR,
    VatNumber          VARCHAR,
    OrderDate          DATE,
    whole_prices       BOOLEAN,            -- every price of its order is whole, fees aside
    shipped            DECIMAL(18, 4), -- how many of it were shipped
    released           DECIMAL(18, 4), -- let go, never to be shipped
    returned           DECIMAL(18, 4), -- came back
    remaining          DECIMAL(18, 4), -- neither shipped nor let go
    before             DECIMAL(18, 4),     -- how many of the same item stand in earlier lines
    over               BOOLEAN             -- more of it came back than was bought
);
CREATE TABLE IF NOT EXISTS qliro.capture (
    capture              VARCHAR NOT NULL, -- OrderId/PaymentTransactionId
    OrderId              BIGINT NOT NULL,
    PaymentTransactionId BIGINT,
    Type                 VARCHAR,          -- Capture, Debit, UpdateInvoice
    Amount               DECIMAL(18, 4),
    CaptureDate          DATE,
    CapturedAt           TIMESTAMPTZ,
    ordinal              INTEGER NOT NULL, -- within the order
    takes_all            BOOLEAN NOT NULL, -- the first one, and of the whole order
    MerchantReference    VARCHAR,          -- this and the next four of its order
    Currency             VARCHAR,
    Country              VARCHAR,
    PaymentMethodName    VARCHAR,
    PaymentTypeCode      VARCHAR,
    JuridicalType        VARCHAR,
    lines                INTEGER NOT NULL,-- how many
    line_total           DECIMAL(18, 4) NOT NULL-- what they come to
);
CREATE TABLE IF NOT EXISTS qliro.capture_line (
    line               VARCHAR NOT NULL,-- id: of its capture and place
    OrderId            BIGINT NOT NULL,
    position           INTEGER NOT NULL,   -- from 1
    MerchantReference  VARCHAR,
    Description        VARCHAR,
    Quantity           DECIMAL(18, 4),
    PricePerItemIncVat DECIMAL(18, 4),
    PricePerItemExVat  DECIMAL(18, 4),
    VatRate            DECIMAL(9, 4),
    Type               VARCHAR,
    Currency           VARCHAR,            -- this and the rest of its order
    Country            VARCHAR,
    DeliveryCountry    VARCHAR,
    DeliveryPostalCode VARCHAR,            -- only where it may lie outside the VAT area
    JuridicalType      VARCHAR,
    OrganisationNumber VARCHAR,
    VatNumber          VARCHAR,
    OrderDate          DATE,
    whole_prices       BOOLEAN,            -- every price of its order is whole, fees aside
    capture            VARCHAR NOT NULL,-- that it is of
    ordinal            INTEGER,            -- of its capture, among those of the order
    item               VARCHAR             -- what makes it the same item at Qliro: reference and price
);
CREATE TABLE IF NOT EXISTS qliro.refund (
    refund               VARCHAR NOT NULL, -- OrderId/PaymentTransactionId
    OrderId              BIGINT NOT NULL,
    PaymentTransactionId BIGINT,
    OriginalPaymentTransactionId BIGINT,
    capture              VARCHAR,          -- that it is of; null when it could be of several
    Type                 VARCHAR,          -- Refund, Credit, UpdateInvoice, Reversal
    Amount               DECIMAL(18, 4),   -- what the buyer got back
    RefundDate           DATE,
    RefundedAt           TIMESTAMPTZ,
    ordinal              INTEGER NOT NULL, -- within its capture
    MerchantReference    VARCHAR,          -- this and the next four of its order
    Currency             VARCHAR,
    Country              VARCHAR,
    PaymentMethodName    VARCHAR,
    JuridicalType        VARCHAR,
    lines                INTEGER NOT NULL,-- how many
    line_total           DECIMAL(18, 4) NOT NULL, -- what they come to
    captures             INTEGER NOT NULL  -- of its order
);
CREATE TABLE IF NOT EXISTS qliro.refund_line (
    line               VARCHAR NOT NULL,-- id: of its refund and place
    OrderId            BIGINT NOT NULL,
    position           INTEGER NOT NULL,   -- from 1
    MerchantReference  VARCHAR,
    Description        VARCHAR,
    Quantity           DECIMAL(18, 4),
    PricePerItemIncVat DECIMAL(18, 4),
    PricePerItemExVat  DECIMAL(18, 4),
    VatRate            DECIMAL(9, 4),
    Type               VARCHAR,
    Currency           VARCHAR,            -- this and the rest of its order
    Country            VARCHAR,
    DeliveryCountry    VARCHAR,
    DeliveryPostalCode VARCHAR,            -- only where it may lie outside the VAT area
    JuridicalType      VARCHAR,
    OrganisationNumber VARCHAR,
    VatNumber          VARCHAR,
    OrderDate          DATE,
    whole_prices       BOOLEAN,            -- every price of its order is whole, fees aside
    refund             VARCHAR NOT NULL,-- that it is of
    charged            BOOLEAN,            -- a fee for the return, which lowers what the buyer got
    over               BOOLEAN,            -- more of it came back than its capture took
    item               VARCHAR             -- as of a capture's line
);
CREATE TABLE IF NOT EXISTS qliro.reversal (
    reversal             VARCHAR NOT NULL, -- OrderId/PaymentTransactionId
    OrderId              BIGINT NOT NULL,
    PaymentTransactionId BIGINT,
    OriginalPaymentTransactionId BIGINT,
    Amount               DECIMAL(18, 4),
    ReversalDate         DATE,
    ReversedAt           TIMESTAMPTZ
);

-- stage: Fortnox -------------------------------------------------------------------------------
CREATE TABLE IF NOT EXISTS fortnox.invoice (
    DocumentNumber            VARCHAR NOT NULL,
    Balance                   DECIMAL(18, 4),
    Booked                    BOOLEAN,
    Cancelled                 BOOLEAN,
    Currency                  VARCHAR,
    CurrencyRate              DECIMAL(18, 8),
    CurrencyUnit              DECIMAL(18, 4),
    CustomerNumber            VARCHAR,
    CostCenter                VARCHAR,
    Project                   VARCHAR,
    DueDate                   DATE,
    InvoiceDate               DATE,
    FinalPayDate              DATE,
    InvoiceType               VARCHAR,
    OCR                       VARCHAR,
    ExternalInvoiceReference1 VARCHAR,
    ExternalInvoiceReference2 VARCHAR,
    TermsOfPayment            VARCHAR,
    Total                     DECIMAL(18, 4),
    raw_seq                   BIGINT NOT NULL,
    as_of                     TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.invoice_detail (  -- what the list leaves out
    DocumentNumber  VARCHAR NOT NULL,
    YourOrderNumber VARCHAR,
    OurReference    VARCHAR,
    YourReference   VARCHAR,
    OrderReference  VARCHAR,
    CreditInvoiceReference VARCHAR,         -- '' when there is none
    Credit          BOOLEAN,
    TotalToPay      DECIMAL(18, 4),
    VATIncluded     BOOLEAN,
    RoundOff        DECIMAL(18, 4),         -- what rounding to whole kronor added
    raw_seq         BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.invoice_row (
    DocumentNumber    VARCHAR NOT NULL,
    position          INTEGER NOT NULL,    -- in the document, from 1
    RowId             BIGINT,
    ArticleNumber     VARCHAR,
    AccountNumber     INTEGER,
    Description       VARCHAR,
    DeliveredQuantity DECIMAL(18, 4),
    Price             DECIMAL(18, 4),
    Discount          DECIMAL(18, 4),
    DiscountType      VARCHAR,
    VAT               DECIMAL(9, 4),       -- percent
    Unit              VARCHAR,
    Total             DECIMAL(18, 4),
    TotalExcludingVAT DECIMAL(18, 4),
    raw_seq           BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox."order" (
    DocumentNumber            VARCHAR NOT NULL,
    CustomerNumber            VARCHAR,
    Currency                  VARCHAR,
    OrderDate                 DATE,
    DeliveryDate              DATE,
    ExternalInvoiceReference1 VARCHAR,
    ExternalInvoiceReference2 VARCHAR,
    Cancelled                 BOOLEAN,
    Sent                      BOOLEAN,
    OrderType                 VARCHAR,
    Total                     DECIMAL(18, 4),
    raw_seq                   BIGINT NOT NULL,
    as_of                     TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.order_detail (  -- what the list leaves out
    DocumentNumber   VARCHAR NOT NULL,
    InvoiceReference VARCHAR,              -- '' when there is none
    TermsOfPayment   VARCHAR,
    YourOrderNumber  VARCHAR,
    OurReference     VARCHAR,
    YourReference    VARCHAR,
    DeliveryState    VARCHAR,
    RoundOff         DECIMAL(18, 4),       -- what rounding to whole kronor added
    raw_seq          BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.order_row (
    DocumentNumber    VARCHAR NOT NULL,
    position          INTEGER NOT NULL,    -- in the document, from 1
    RowId             BIGINT,
    ArticleNumber     VARCHAR,
    Description       VARCHAR,
    OrderedQuantity   DECIMAL(18, 4),
    DeliveredQuantity DECIMAL(18, 4),
    Price             DECIMAL(18, 4),
    VAT               DECIMAL(9, 4),       -- percent
    Total             DECIMAL(18, 4),
    raw_seq           BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.customer (  -- no more of a person than documents need
    CustomerNumber     VARCHAR NOT NULL,
    Name               VARCHAR,
    OrganisationNumber VARCHAR,            -- a keyed hash where it may be a personal number
    Email              VARCHAR,
    City               VARCHAR,
    ZipCode            VARCHAR,
    Type               VARCHAR,            -- this and the next three: null when only listed
    VATType            VARCHAR,
    TermsOfPayment     VARCHAR,
    Active             BOOLEAN,
    raw_seq            BIGINT NOT NULL,
    card_seq           BIGINT,             -- the answer that showed its own page last
    listed_from        TIMESTAMPTZ         -- last listed as changed since then; null after its page
);
CREATE TABLE IF NOT EXISTS fortnox.article (
    ArticleNumber VARCHAR NOT NULL, Description VARCHAR, Active BOOLEAN,  -- null when only listed
    raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.invoice_payment (
    Number               VARCHAR NOT NULL,
    InvoiceNumber        VARCHAR NOT NULL,
    Amount               DECIMAL(18, 4),
    Booked               BOOLEAN,
    Currency             VARCHAR,
    CurrencyRate         DECIMAL(18, 8),
    PaymentDate          DATE,
    Source               VARCHAR,
    WriteOffExist        BOOLEAN,
    raw_seq              BIGINT NOT NULL,
    as_of                TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.invoice_payment_detail (  -- what the list leaves out
    Number               VARCHAR NOT NULL,
    AmountCurrency       DECIMAL(18, 4),
    ModeOfPayment        VARCHAR,
    ModeOfPaymentAccount INTEGER,
    WriteOffs            DECIMAL(18, 4),       -- their sum
    raw_seq              BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.voucher (
    VoucherSeries   VARCHAR NOT NULL,
    VoucherNumber   INTEGER NOT NULL,
    Year            INTEGER NOT NULL,
    Description     VARCHAR,
    TransactionDate DATE,
    raw_seq         BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.voucher_row (  -- what the list leaves out
    VoucherSeries VARCHAR NOT NULL,
    VoucherNumber INTEGER NOT NULL,
    Year          INTEGER NOT NULL,
    Account       INTEGER,
    Debit         DECIMAL(18, 4),
    Credit        DECIMAL(18, 4),
    Removed       BOOLEAN,             -- struck by a correction
    raw_seq       BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.account (
    Number INTEGER NOT NULL, Description VARCHAR, Active BOOLEAN, Year INTEGER,
    CostCenterSettings VARCHAR, ProjectSettings VARCHAR, VATCode VARCHAR, raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.voucher_series (
    Code VARCHAR NOT NULL, Description VARCHAR, Manual BOOLEAN, Year INTEGER, raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.financial_year (
    Id INTEGER NOT NULL, FromDate DATE, ToDate DATE, AccountingMethod VARCHAR, raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.locked_period (EndDate DATE, raw_seq BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS fortnox.currency (
    Code VARCHAR NOT NULL, BuyRate DECIMAL(18, 8), SellRate DECIMAL(18, 8), Unit DECIMAL(18, 4),
    "Date" DATE, raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.mode_of_payment (
    Code VARCHAR NOT NULL, Description VARCHAR, AccountNumber INTEGER, raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.terms_of_payment (
    Code VARCHAR NOT NULL, Description VARCHAR, raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.cost_center (
    Code VARCHAR NOT NULL, Description VARCHAR, Active BOOLEAN, raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.project (
    ProjectNumber VARCHAR NOT NULL, Description VARCHAR, Status VARCHAR, raw_seq BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS fortnox.company (
    CompanyName VARCHAR, OrganizationNumber VARCHAR, DatabaseNumber VARCHAR, raw_seq BIGINT NOT NULL
);

-- plan: what became of each source entity, append-only; the last row of (mapping, source) holds --
CREATE TABLE IF NOT EXISTS ledger.outcome (
    noted_at TIMESTAMPTZ NOT NULL,
    run      VARCHAR NOT NULL,
    mapping  VARCHAR NOT NULL,
    source   VARCHAR NOT NULL,         -- id of the line or payout
    payout   VARCHAR NOT NULL,
    state    VARCHAR NOT NULL,         -- planned, waiting, parked, ignored, adopted
    code     VARCHAR NOT NULL,         -- stable reason: no-invoice, ambiguous, …
    reason   VARCHAR NOT NULL,         -- a sentence
    covers   VARCHAR[] NOT NULL,       -- ids of the lines it accounts for
    action   VARCHAR,                  -- id, when planned or adopted
    trace    VARCHAR NOT NULL USING COMPRESSION zstd,  -- JSON: rule and place, inputs, candidates (kept_traces.py)
    digest   VARCHAR NOT NULL          -- of state, covers, document and trace: unchanged is not written
);
-- deliver: an action's document as first intended, and all that happened to it, append-only ------
CREATE TABLE IF NOT EXISTS ledger.action (
    action   VARCHAR NOT NULL,
    noted_at TIMESTAMPTZ NOT NULL,
    run      VARCHAR NOT NULL,
    mapping  VARCHAR NOT NULL,
    target   VARCHAR NOT NULL,
    source   VARCHAR NOT NULL,
    payout   VARCHAR NOT NULL,
    covers   VARCHAR[] NOT NULL,
    consumed_of VARCHAR,               -- the invoice whose balance it takes of, if it takes of one
    consumed DECIMAL(18, 4),           -- how much, in the invoice's currency
    document VARCHAR NOT NULL USING COMPRESSION zstd,  -- JSON of what is to be created
    identity VARCHAR NOT NULL USING COMPRESSION zstd,  -- JSON: what to ask for, what must agree
    follow   VARCHAR[] NOT NULL,       -- steps after its creation
    moves    VARCHAR[] NOT NULL,       -- ids of the lines whose money it transfers
    facts    VARCHAR NOT NULL USING COMPRESSION zstd   -- JSON: what mappings that need this one may ask of it
);
CREATE TABLE IF NOT EXISTS ledger.event (
    seq     BIGINT NOT NULL DEFAULT nextval('ledger.event_seq'),
    noted_at TIMESTAMPTZ NOT NULL,
    run     VARCHAR NOT NULL,
    action  VARCHAR NOT NULL,
    step    VARCHAR NOT NULL,          -- create, bookkeep, …
    event   VARCHAR NOT NULL,          -- sending, done, refused, not-sent, unknown, found,
                                       -- absent, undecided, adopted
    method  VARCHAR, path VARCHAR,
    body    VARCHAR USING COMPRESSION zstd,  -- the exact request, with sending
    status  INTEGER,
    answer  VARCHAR USING COMPRESSION zstd,  -- what came back
    number  VARCHAR,                   -- of the document in the target, once known
    note    VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.resolution (
    noted_at TIMESTAMPTZ NOT NULL, who VARCHAR NOT NULL, line VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,             -- invoice, ignore, suspense, retry
    detail VARCHAR, reason VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.activation (  -- who made the merchant live or stopped it; last row
    noted_at TIMESTAMPTZ NOT NULL, who VARCHAR NOT NULL, active BOOLEAN NOT NULL,
    environment VARCHAR NOT NULL, tenant VARCHAR, company VARCHAR, reason VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger.proof (
    noted_at TIMESTAMPTZ NOT NULL, run VARCHAR NOT NULL, payout VARCHAR NOT NULL,
    holds BOOLEAN NOT NULL,            -- lines by the declared conventions = Qliro's own totals
    closed BOOLEAN NOT NULL,           -- nothing of it is open any more
    digest VARCHAR NOT NULL,           -- of its lines: a payout that has not moved is not looked at
    detail VARCHAR NOT NULL            -- JSON: every figure compared
);
CREATE TABLE IF NOT EXISTS ledger.run (
    run VARCHAR NOT NULL, noted_at TIMESTAMPTZ NOT NULL, event VARCHAR NOT NULL, detail VARCHAR
);
CREATE TABLE IF NOT EXISTS ledger.mapping_set (
    digest VARCHAR NOT NULL, noted_at TIMESTAMPTZ NOT NULL, files VARCHAR NOT NULL  -- JSON: name → text
);
CREATE TABLE IF NOT EXISTS ledger.made_under (  -- the rules that the actions of a run were made by
    run            VARCHAR NOT NULL, noted_at TIMESTAMPTZ NOT NULL,
    digest         VARCHAR NOT NULL,   -- of ledger.mapping_set, which has the texts
    mapping_set    VARCHAR,            -- name and release as the set says them; null of one that
    release        VARCHAR,            -- says none
    set_digest     VARCHAR NOT NULL,
    overlay_digest VARCHAR             -- null without an overlay
);
CREATE TABLE IF NOT EXISTS ledger.made_with (  -- what plans were made with beside rows: traces name it
    digest   VARCHAR NOT NULL, noted_at TIMESTAMPTZ NOT NULL,
    rules    VARCHAR NOT NULL,         -- of ledger.mapping_set, which has the texts
    file     VARCHAR NOT NULL USING COMPRESSION zstd,  -- the merchant's, in which secrets are only named
    answers  VARCHAR NOT NULL USING COMPRESSION zstd   -- JSON: what the registers were asked, and said
);

-- what people read: the state of every line and payout as the last run left it -------------------
CREATE TABLE IF NOT EXISTS ledger.line_state (
    payout    VARCHAR NOT NULL,
    line      VARCHAR NOT NULL,
    state     VARCHAR NOT NULL,        -- posted, adopted, done, waiting, parked, ignored, planned
    code      VARCHAR NOT NULL,
    reason    VARCHAR NOT NULL,
    mapping   VARCHAR NOT NULL,
    source    VARCHAR NOT NULL,        -- of the outcome that decides it
    delivery  VARCHAR,                 -- the action
    number    VARCHAR,                 -- of the document in Fortnox
    document  VARCHAR,                 -- the invoice that it settles
    OrderId   BIGINT,
    PaymentTransactionId BIGINT,
    reference VARCHAR,
    Type      VARCHAR,
    Action    VARCHAR,
    Status    VARCHAR NOT NULL,        -- Pending and Rejected lines are shown outside of the sums
    CurrencyCode VARCHAR,
    gross     DECIMAL(18, 4),          -- in the line's currency, from the merchant's view
    value     DECIMAL(18, 4),          -- in the books' currency
    interim   INTEGER,
    vanished  BOOLEAN NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger.payout_state (
    payout       VARCHAR NOT NULL,
    BatchDate    DATE NOT NULL,
    batches      VARCHAR NOT NULL,
    AcquirerName VARCHAR,
    CurrencyCode VARCHAR,
    TotalAmount  DECIMAL(18, 4),
    holds        BOOLEAN NOT NULL,     -- the proof
    proof        VARCHAR NOT NULL,     -- in one sentence
    transfer     VARCHAR NOT NULL,     -- state of the transfer to the bank
    transfer_reason VARCHAR NOT NULL,
    closed       BOOLEAN NOT NULL,
    noted_at     TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger.interim_state (
    payout  VARCHAR NOT NULL,
    account INTEGER NOT NULL,
    held    DECIMAL(18, 4) NOT NULL,   -- what this program's documents leave on the account
    must    DECIMAL(18, 4) NOT NULL    -- what the lines say it must hold
);
CREATE TABLE IF NOT EXISTS ledger.order_state (
    OrderId   VARCHAR NOT NULL,
    OrderDate DATE,
    closed    BOOLEAN NOT NULL,        -- nothing of it is open any more
    digest    VARCHAR NOT NULL,        -- of what was seen: an order that has not moved is not looked at
    noted_at  TIMESTAMPTZ NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger.order_item (  -- what became of an order under each mapping
    OrderId  VARCHAR NOT NULL,
    mapping  VARCHAR NOT NULL,
    source   VARCHAR NOT NULL,         -- the order, a capture, a refund, a buyer, an article
    state    VARCHAR NOT NULL,
    code     VARCHAR NOT NULL,
    reason   VARCHAR NOT NULL,
    delivery VARCHAR,                  -- the action
    number   VARCHAR                   -- of the document in its target
);

-- what was held against the books and the bank, append-only ---------------------------------------
CREATE TABLE IF NOT EXISTS ledger.books (  -- the proof of a financial year; the last row of one holds
    noted_at TIMESTAMPTZ NOT NULL,
    "first"  DATE NOT NULL,
    "last"   DATE NOT NULL,
    holds    BOOLEAN NOT NULL,         -- nothing in it needs a person
    detail   VARCHAR NOT NULL          -- JSON: engine/report/books/model.py
);
CREATE TABLE IF NOT EXISTS ledger.books_accepted (  -- what in the books a person answers for
    noted_at TIMESTAMPTZ NOT NULL,
    what     VARCHAR NOT NULL,         -- JSON: the item or change, as engine/report/books/accepted.py
    who      VARCHAR NOT NULL,
    reason   VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS ledger.bank_statement (
    statement VARCHAR NOT NULL,        -- id: of its account, number, days and balances
    noted_at  TIMESTAMPTZ NOT NULL,
    account   VARCHAR NOT NULL,        -- the merchant's own: IBAN, or as the bank has it
    currency  VARCHAR NOT NULL,
    "first"   DATE,
    "last"    DATE,
    opening   DECIMAL(18, 4),
    closing   DECIMAL(18, 4),
    problems  VARCHAR[] NOT NULL       -- sentences: what in it does not add up
);
CREATE TABLE IF NOT EXISTS ledger.bank_entry (  -- booked entries; of others' only day and amount
    entry    VARCHAR NOT NULL,         -- id: of its account, day, amount, reference
    noted_at TIMESTAMPTZ NOT NULL,
    account  VARCHAR NOT NULL,
    day      DATE NOT NULL,
    amount   DECIMAL(18, 4) NOT NULL,  -- above zero what came in
    currency VARCHAR NOT NULL,
    reversal BOOLEAN NOT NULL,         -- it takes an earlier one back
    looks    BOOLEAN NOT NULL,         -- like one of Qliro's
    text     VARCHAR NOT NULL          -- empty unless it looks so
);

-- What needed no document an earlier version called posted.
UPDATE ledger.line_state SET state = 'done' WHERE state = 'posted' AND code = 'nothing-to-book';
UPDATE ledger.order_item SET state = 'done' WHERE state = 'posted' AND code = 'nothing-to-book';
UPDATE ledger.payout_state SET transfer = 'done'
WHERE transfer = 'posted' AND transfer_reason = 'there is nothing to transfer';
