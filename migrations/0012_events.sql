-- The outbox: what webhooks tell. A row is written in the transaction of what it tells, so neither exists without the other.

create table events (
    id text primary key,
    workspace_id text not null references workspaces (id),
    kind text not null,
    -- The call or number that it is about, and its place among that call's events (0 outside calls).
    call_id text,
    number_id text,
    sequence bigint not null,
    data text not null,
    created_at bigint not null
);
create unique index events_in_call_order on events (call_id, sequence) where call_id is not null;
create index events_by_workspace on events (workspace_id, created_at, id);
