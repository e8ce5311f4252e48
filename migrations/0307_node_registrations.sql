-- At which nodes browsers and devices are registered, so that a call that runs on another knows which of them to ask where. One row
-- for each name at each node, however often it registers; a node deletes its own, and those of one that died count no more.
create table node_registrations (
    workspace_id text not null references workspaces (id),
    -- The identity, or the user name of a device's credential.
    name text not null,
    node_id text not null,
    -- The number that a device rings for; empty for a browser.
    number_id text not null,
    primary key (workspace_id, name, node_id)
);
create index node_registrations_by_node on node_registrations (node_id);
