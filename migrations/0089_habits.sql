-- What is usual for a workspace's outbound calls, by the day: what fraud is measured by. A day on which calls were frozen is
-- forgotten, so that no attack becomes usual.
create table call_habits (
    workspace_id text not null references workspaces (id),
    -- Days since 1970-01-01 UTC.
    day bigint not null,
    -- Of the busiest hour.
    destinations_abroad bigint not null check (destinations_abroad >= 0),
    sequential_numbers bigint not null check (sequential_numbers >= 0),
    short_calls bigint not null check (short_calls >= 0),
    primary key (workspace_id, day)
);

create table called_countries (
    workspace_id text not null references workspaces (id),
    country text not null,
    first_day bigint not null,
    last_day bigint not null,
    primary key (workspace_id, country)
);
