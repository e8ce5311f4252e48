-- What a workspace's calls may: set by the operator (its ceiling) and, beneath that, by the workspace. Null leaves a limit to
-- the other side, and at last to the operator's settings.
create table workspace_limits (
    workspace_id text not null references workspaces (id),
    set_by text not null check (set_by in ('operator', 'workspace')),
    concurrent_calls bigint check (concurrent_calls between 1 and 100000),
    calls_per_second bigint check (calls_per_second between 1 and 10000),
    -- JSON: codes of ISO 3166-1, or '*' for every country.
    countries text,
    premium bigint check (premium in (0, 1)),
    satellite bigint check (satellite in (0, 1)),
    changed_at bigint not null,
    primary key (workspace_id, set_by)
);

-- What calls may cost in a day stands beside the balance, because it is decided under the same lock.
alter table wallets add column spend_limit_minor bigint check (spend_limit_minor between 0 and 9000000000000000);
alter table wallets add column spend_ceiling_minor bigint check (spend_ceiling_minor between 0 and 9000000000000000);
-- What calls cost that were billed on the day that ends at spent_until, in the wallet's zone.
alter table wallets add column spent_minor bigint not null default 0 check (spent_minor between 0 and 9000000000000000);
alter table wallets add column spent_until bigint not null default 0;

-- Times in which outbound calls were frozen, because of how calls spread.
create table workspace_freezes (
    id text primary key,
    workspace_id text not null references workspaces (id),
    -- JSON: what was seen, how often, and from how many on it is unusual.
    finding text not null,
    frozen_at bigint not null,
    -- Null while it lasts.
    lifted_at bigint check (lifted_at >= frozen_at),
    unique (workspace_id, id)
);
create unique index workspace_freezes_open on workspace_freezes (workspace_id) where lifted_at is null;
create index workspace_freezes_by_time on workspace_freezes (workspace_id, frozen_at);
