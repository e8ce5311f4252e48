-- Recordings of calls, and what each workspace may keep of them.

-- How much and for how long: the operator's data. The first by position is where a workspace begins.
create table storage_tiers (
    id text primary key,
    name text not null,
    capacity_bytes bigint not null check (capacity_bytes > 0),
    retention_days bigint not null check (retention_days between 1 and 36500),
    position bigint not null
);
insert into storage_tiers (id, name, capacity_bytes, retention_days, position)
values ('free', 'Free', 5000000000, 30, 1), ('extended', 'Extended', 50000000000, 365, 2);

-- A workspace without a row is in the first tier and keeps nothing yet.
create table workspace_storage (
    workspace_id text primary key references workspaces (id),
    tier_id text not null references storage_tiers (id),
    -- What is kept here; a bucket of the workspace's own does not count.
    used_bytes bigint not null default 0 check (used_bytes >= 0),
    recordings bigint not null default 0 check (recordings >= 0),
    -- The workspace's own bucket (JSON), sealed.
    bucket text,
    updated_at bigint not null
);

create table recordings (
    id text primary key,
    workspace_id text not null,
    call_id text not null,
    -- The node whose disk has it until it is stored.
    node_id text not null,
    source text not null check (source in ('call', 'dial', 'record')),
    channels bigint not null check (channels in (1, 2)),
    status text not null check (status in ('recording', 'paused', 'processing', 'ready', 'failed', 'expired')),
    started_at bigint not null,
    ended_at bigint,
    duration_ms bigint,
    -- Of the WAV file; stored_bytes is what it takes up where it is kept.
    size_bytes bigint,
    stored_bytes bigint,
    sha256 text,
    waveform text,
    object_key text,
    -- Where it is kept (JSON, sealed) where that is a bucket of the workspace's own.
    bucket text,
    -- Its own key, sealed by the workspace's.
    sealed_key text not null,
    failure text,
    -- When its event was written.
    told_at bigint,
    unique (workspace_id, id),
    foreign key (workspace_id, call_id) references calls (workspace_id, id),
    check ((status in ('recording', 'paused')) = (ended_at is null)),
    check (status <> 'ready' or (object_key is not null and size_bytes is not null and duration_ms is not null))
);
create index recordings_by_workspace on recordings (workspace_id, started_at, id);
create index recordings_by_call on recordings (call_id, started_at, id);
create index recordings_untold on recordings (call_id) where told_at is null and status in ('ready', 'failed');
create index recordings_open_of_node on recordings (node_id) where ended_at is null;

-- Where the call's newest recording stands.
alter table calls add column recording_status text;
