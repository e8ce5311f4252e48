-- Payments by M-Pesa and Paystack: what was asked of the provider, what it said, and money that came by itself.

-- Jobs of a lane wait for each other and for no other lane's: those that wait for somebody else's server have their own.
alter table jobs add column lane text not null default 'own' check (lane in ('own', 'mail', 'payments'));
update jobs set lane = 'mail' where kind = 'send_mail';
drop index jobs_due;
create index jobs_due on jobs (lane, due_at) where state = 'queued';
drop index jobs_leased;
create index jobs_leased on jobs (lane, lease_until) where state = 'running';

-- How the money comes: a push to a telephone, a Paybill payment that nobody asked for, a page of the provider.
alter table top_ups add column channel text not null default 'push' check (channel in ('push', 'paybill', 'page'));
-- What the provider was asked for; amount_minor becomes what was credited.
alter table top_ups add column requested_minor bigint;
-- Our own name for it at the provider: M-Pesa's AccountReference, Paystack's reference.
alter table top_ups add column provider_reference text;
create unique index top_ups_by_provider_reference on top_ups (provider_reference) where provider_reference is not null;
-- When the provider was asked; a push is never sent twice.
alter table top_ups add column asked_at bigint;
-- The provider's name for it: M-Pesa's CheckoutRequestID.
alter table top_ups add column checkout_id text;
-- Where the payer goes.
alter table top_ups add column authorization_url text;
-- What the callback said, which is not believed without asking.
alter table top_ups add column called_back_at bigint;
alter table top_ups add column callback_code bigint;
alter table top_ups add column callback_receipt text;
alter table top_ups add column callback_amount_minor bigint;
alter table top_ups add column callback_phone text;
create index top_ups_without_receipt on top_ups (settled_at) where receipt is null and status = 'succeeded';

-- A workspace's name at the Paybill: short, for ever the same.
create table account_references (
    workspace_id text primary key references workspaces (id),
    reference text not null unique,
    created_at bigint not null
);

-- Money that a provider says it has for us, by its receipt: each is credited once or waits for people.
create table incoming_payments (
    id text primary key,
    provider text not null check (provider in ('mpesa', 'paystack')),
    receipt text not null,
    amount_minor bigint not null check (amount_minor > 0),
    currency text not null,
    -- As the payer wrote it.
    account_reference text not null,
    -- As the provider told it: it may be masked or hashed.
    payer_phone text not null default '',
    payer_name text not null default '',
    paid_at bigint not null,
    -- Whether the provider itself stands behind it: a listed address, or an answer to our own question.
    confirmed bigint not null check (confirmed in (0, 1)),
    status text not null default 'received' check (status in ('received', 'credited', 'unmatched', 'dismissed')),
    -- Why it waits: unknown_reference, unconfirmed, amount_differs, wrong_currency.
    reason text,
    workspace_id text references workspaces (id),
    top_up_id text,
    created_at bigint not null,
    decided_at bigint,
    unique (provider, receipt),
    foreign key (workspace_id, top_up_id) references top_ups (workspace_id, id),
    check ((status = 'credited') = (top_up_id is not null) and (workspace_id is null) = (top_up_id is null))
);
create index incoming_payments_unmatched on incoming_payments (created_at, id) where status = 'unmatched';

-- "I paid, where is it?": what customers claimed, with its outcome.
create table payment_claims (
    id text primary key,
    workspace_id text not null references workspaces (id),
    receipt text not null,
    amount_minor bigint not null,
    phone text not null,
    -- credited, waiting (the operator decides) or refused.
    outcome text not null check (outcome in ('credited', 'waiting', 'refused')),
    created_at bigint not null,
    unique (workspace_id, id)
);
create index payment_claims_by_day on payment_claims (workspace_id, created_at);
create index payment_claims_by_receipt on payment_claims (receipt) where outcome = 'waiting';

-- What a provider took back: a refund or a dispute, each once.
create table provider_reversals (
    id text primary key,
    workspace_id text not null references workspaces (id),
    top_up_id text not null,
    -- The ledger's cause: refund:ID, dispute:ID:PHASE.
    cause text not null unique,
    -- Signed as the ledger's entry.
    amount_minor bigint not null,
    ledger_entry_id text not null,
    created_at bigint not null,
    unique (workspace_id, id),
    foreign key (workspace_id, top_up_id) references top_ups (workspace_id, id),
    foreign key (workspace_id, ledger_entry_id) references wallet_ledger (workspace_id, id)
);
create index provider_reversals_by_top_up on provider_reversals (top_up_id);
