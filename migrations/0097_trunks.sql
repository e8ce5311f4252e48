-- Carriers that operators set up by the API, beside those of the configuration file.

create table trunks (
    id text primary key,
    -- Unique among all, those of the configuration file too; calls and logs name it.
    name text not null unique,
    -- Host and port.
    address text not null,
    -- JSON arrays: destinations as E.164 prefixes with +, and addresses or networks that its calls come from.
    prefixes text not null,
    sources text not null,
    -- ISO 3166-1 alpha-2: where the numbers belong that it writes in national form.
    country text,
    username text,
    -- Sealed.
    password text,
    -- JSON array of names as in SDP, the preferred first.
    codecs text not null,
    -- The lower is tried first.
    priority bigint not null check (priority between 0 and 65535),
    -- Calls at a time; null is no limit.
    max_calls bigint check (max_calls between 0 and 1000000),
    is_enabled bigint not null default 1 check (is_enabled in (0, 1)),
    created_at bigint not null,
    updated_at bigint not null,
    check ((username is null) = (password is null))
);

-- Counts changes, so that nodes read the trunks anew only when they are others.
create table trunks_revision (
    id bigint primary key check (id = 1),
    revision bigint not null
);
insert into trunks_revision (id, revision) values (1, 1);
