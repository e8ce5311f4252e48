-- Call records, their legs and their timelines.

create table calls (
    id text primary key,
    workspace_id text not null references workspaces (id),
    tenant_number_id text not null,
    direction text not null check (direction in ('inbound', 'outbound')),
    -- Who began it: the REST API, a browser or device, or a carrier.
    origin text not null check (origin in ('api', 'client', 'trunk')),
    status text not null check (status in ('ringing', 'answered', 'completed', 'failed', 'no_answer', 'busy', 'canceled')),
    from_party text not null,
    to_party text not null,
    local_e164 text not null,
    remote_party text not null,
    currency text not null,
    voice_callback_url text,
    events_url text,
    actions text,
    metadata text,
    ring_timeout_seconds bigint not null,
    max_duration_seconds bigint not null,
    started_at bigint not null,
    answered_at bigint,
    ended_at bigint,
    duration_seconds bigint,
    hangup_cause text,
    -- What the debit will take; set when the call ends. cost_minor follows once it is debited.
    cost_due_minor bigint,
    cost_minor bigint,
    ledger_entry_id text,
    -- The node that runs it and the last media it saw: a dead node's calls are billed up to there.
    node_id text,
    last_media_at bigint,
    -- Counters of the timeline and of the outbox.
    event_seq bigint not null default 0,
    outbox_seq bigint not null default 0,
    unique (workspace_id, id),
    foreign key (workspace_id, tenant_number_id) references tenant_numbers (workspace_id, id),
    foreign key (workspace_id, ledger_entry_id) references wallet_ledger (workspace_id, id),
    check ((status in ('ringing', 'answered')) = (ended_at is null)),
    check (status not in ('answered', 'completed') or answered_at is not null),
    check (status not in ('ringing', 'failed', 'no_answer', 'busy', 'canceled') or answered_at is null),
    check (cost_minor is null or ended_at is not null)
);
create index calls_by_workspace on calls (workspace_id, started_at, id);
create index calls_open on calls (workspace_id) where ended_at is null;
create index calls_unbilled on calls (workspace_id) where ended_at is not null and cost_minor is null;
create unique index calls_one_debit on calls (ledger_entry_id) where ledger_entry_id is not null;

create table call_legs (
    id text primary key,
    workspace_id text not null,
    call_id text not null,
    kind text not null check (kind in ('telephone', 'client', 'sip', 'onnet')),
    direction text not null check (direction in ('inbound', 'outbound')),
    target text not null,
    -- The rate in force when the leg started; 1/10,000 of a minor unit a minute.
    rate_per_min_e4 bigint not null check (rate_per_min_e4 >= 0),
    billing_increment_seconds bigint not null check (billing_increment_seconds between 1 and 3600),
    started_at bigint not null,
    answered_at bigint,
    ended_at bigint,
    duration_seconds bigint not null default 0,
    cost_minor bigint,
    outcome text,
    -- Dialog identifiers (JSON), so that recovery after a crash can send BYE.
    dialog text,
    foreign key (workspace_id, call_id) references calls (workspace_id, id)
);
create index call_legs_by_call on call_legs (call_id, started_at, id);

create table call_events (
    id text primary key,
    workspace_id text not null,
    call_id text not null,
    sequence bigint not null,
    kind text not null,
    data text not null,
    occurred_at bigint not null,
    unique (call_id, sequence),
    foreign key (workspace_id, call_id) references calls (workspace_id, id)
);
