-- Background work. A job is claimed by a lease; a lease that lapses makes it claimable again, so every job is safe to run twice.

create table jobs (
    id text primary key,
    kind text not null,
    payload text not null,
    -- A second job of the same key is not enqueued.
    dedupe_key text unique,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'dead')),
    due_at bigint not null,
    attempts bigint not null default 0,
    lease_until bigint,
    leased_by text,
    last_error text,
    created_at bigint not null,
    finished_at bigint
);
create index jobs_due on jobs (due_at) where state = 'queued';
create index jobs_leased on jobs (lease_until) where state = 'running';
