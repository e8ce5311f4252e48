-- Developers' listeners that are asked in place of numbers, and what other nodes ask them. Each is connected to one node, and a
-- call may run on another.

-- `beat` is raised by its node every few seconds: one that stands still is gone with it.
create table webhook_listeners (
    id text not null,
    node_id text not null,
    workspace_id text not null references workspaces (id),
    -- In E.164, separated by commas.
    numbers text not null,
    -- Where it forwards to.
    origin text,
    began_at bigint not null,
    beat bigint not null,
    primary key (id, node_id)
);

-- One callback of a call of another node. Both texts are sealed; rows last as long as a callback may take.
create table webhook_asks (
    id text primary key,
    workspace_id text not null references workspaces (id),
    -- Who has the listener, and which.
    node_id text not null,
    listener_id text not null,
    request text not null,
    is_taken bigint not null,
    answer text,
    created_at bigint not null
);
create index webhook_asks_untaken on webhook_asks (node_id) where is_taken = 0;
create index webhook_asks_by_time on webhook_asks (created_at);
