-- Persons' numbers that were erased: what went, with a receipt that is signed. The number itself is not kept.
create table erasures (
    id text primary key,
    workspace_id text not null references workspaces (id),
    -- The receipt (JSON).
    receipt text not null,
    created_at bigint not null
);
create index erasures_by_workspace on erasures (workspace_id, created_at, id);

-- A workspace has a row here only within the transaction that takes a number out of its audit log: to that transaction alone the
-- log gives way, and in its details alone (0171_erasures.ENGINE.sql).
create table erasures_open (
    workspace_id text primary key references workspaces (id)
);
