-- Webhooks: who is told, what was told, and how each attempt went.

-- The dispatcher gives each event its place, one after the other in the order in which it sees their commits: what reads
-- events from a place on misses none. An event without a place waits to be told. Test events are told to one endpoint and
-- have no place.
alter table events add column position bigint;
alter table events add column is_test bigint not null default 0;
update events
set position = placed.place
from (select id, row_number() over (order by created_at, sequence, id) as place from events) as placed
where placed.id = events.id;
drop index events_by_workspace;
create unique index events_in_order on events (workspace_id, position) where position is not null;
create index events_unplaced on events (created_at, sequence, id) where position is null and is_test = 0;
create index events_unplaced_of on events (workspace_id, created_at, sequence, id) where position is null and is_test = 0;

-- Which node delivers, until when it has said so, and the last place it gave. Whoever takes over raises `epoch`, by which
-- the node before finds out.
create table webhook_dispatcher (
    id bigint primary key check (id = 1),
    node_id text not null,
    epoch bigint not null,
    lease_until bigint not null,
    last_position bigint not null
);
insert into webhook_dispatcher (id, node_id, epoch, lease_until, last_position)
select 1, '', 0, 0, coalesce(max(position), 0) from events;

-- Where events go: endpoints that a workspace set up, and the origins that `events_url` of a number or its calls leads to.
create table webhook_endpoints (
    id text primary key,
    workspace_id text not null references workspaces (id),
    -- The number whose calls' events go there; null for an endpoint that the workspace set up.
    number_id text,
    url text not null,
    description text not null,
    -- A list of kinds, or of beginnings of kinds that end in `.*`.
    events text not null,
    status text not null check (status in ('enabled', 'disabled', 'deleted')),
    disabled_reason text,
    rate_per_second bigint,
    -- Sealed; null where the number's or the workspace's signs.
    secret text,
    former_secret text,
    former_until bigint,
    rotated_at bigint,
    -- Of the attempts that failed in a row: since when, and how many.
    failing_since bigint,
    failures bigint not null default 0,
    -- Nothing is sent before, because too many attempts failed or the endpoint asked for it.
    paused_until bigint,
    created_at bigint not null,
    -- Also when a delivery was asked for by hand, so that the dispatcher looks.
    changed_at bigint not null,
    unique (workspace_id, id),
    foreign key (workspace_id, number_id) references tenant_numbers (workspace_id, id)
);
create unique index webhook_endpoints_of_numbers on webhook_endpoints (workspace_id, number_id, url)
    where number_id is not null and status <> 'deleted';
create index webhook_endpoints_changed on webhook_endpoints (changed_at);

-- An event on its way to an endpoint.
create table webhook_deliveries (
    id text primary key,
    workspace_id text not null,
    endpoint_id text not null,
    event_id text not null,
    event_kind text not null,
    call_id text,
    sequence bigint not null,
    -- Where it is not the endpoint's.
    url text,
    status text not null check (status in ('pending', 'delivered', 'failed', 'exhausted')),
    -- Attempts since it was made, or asked for by hand; the schedule goes by them.
    tries bigint not null,
    attempts bigint not null,
    next_attempt_at bigint not null,
    last_attempt_at bigint,
    last_status bigint,
    last_error text,
    last_duration_ms bigint,
    delivered_at bigint,
    created_at bigint not null,
    foreign key (workspace_id, endpoint_id) references webhook_endpoints (workspace_id, id)
);
create index webhook_deliveries_waiting on webhook_deliveries (endpoint_id, next_attempt_at, sequence)
    where status = 'pending';
create index webhook_deliveries_in_call_order on webhook_deliveries (endpoint_id, call_id, next_attempt_at)
    where status = 'pending' and call_id is not null;
create index webhook_deliveries_of_endpoint on webhook_deliveries (endpoint_id, created_at, id);
create index webhook_deliveries_of_workspace on webhook_deliveries (workspace_id, created_at, id);

-- One request to an endpoint. `status` is that of the answer, `secret` names what signed.
create table webhook_attempts (
    delivery_id text not null,
    number bigint not null,
    started_at bigint not null,
    duration_ms bigint not null,
    status bigint,
    error text,
    answer text,
    secret text not null,
    primary key (delivery_id, number)
);

-- The workspace's own default secret, sealed, once it was rotated; before that it is derived from the master key.
create table workspace_signing_secrets (
    workspace_id text primary key references workspaces (id),
    secret text not null,
    former_secret text not null,
    former_until bigint not null,
    rotated_at bigint not null
);
