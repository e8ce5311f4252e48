-- A wallet per workspace and its append-only ledger. Amounts are minor units of the wallet's currency, times microseconds UTC.

create table wallets (
    workspace_id text primary key references workspaces (id),
    currency text not null,
    -- IANA zone of the billing months, fixed at onboarding.
    zone text not null,
    -- Sum of the ledger's entries. The bound leaves room for every intermediate sum in 64 bits.
    balance_minor bigint not null default 0 check (balance_minor between -9000000000000000 and 9000000000000000),
    -- What running calls hold; never part of the ledger.
    held_minor bigint not null default 0 check (held_minor between 0 and 9000000000000000),
    -- Number of entries; the next entry has seq + 1.
    seq bigint not null default 0,
    -- Hash and time of the newest entry; '' and 0 before the first.
    head_hash text not null default '',
    last_entry_at bigint not null default 0,
    low_balance_threshold_minor bigint,
    created_at bigint not null
);

create table wallet_ledger (
    id text primary key,
    workspace_id text not null references wallets (workspace_id),
    seq bigint not null check (seq > 0),
    kind text not null check (kind in ('top_up', 'call', 'rental', 'adjustment', 'refund', 'reversal', 'storage')),
    amount_minor bigint not null,
    tax_minor bigint not null default 0,
    balance_after_minor bigint not null,
    -- What moved the money: call:ID, rental:NUMBER:PERIOD, topup:ID, … One entry per cause, for ever.
    cause text not null unique,
    reference text not null default '',
    created_at bigint not null,
    -- Chain: HMAC over prev_hash and this row, by the key of that id.
    key_id text not null,
    prev_hash text not null,
    hash text not null,
    unique (workspace_id, seq),
    unique (workspace_id, id)
);
