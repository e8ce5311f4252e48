-- Conferences that have begun, and who is in: their end is told by whoever closes what a node left that died. One that was told so
-- has no node any more, and stays for a while: a node that was only taken for dead tells of it no more.
create table live_conferences (
    id text primary key,
    workspace_id text not null references workspaces (id),
    node_id text not null,
    name text not null,
    begun_at bigint not null,
    unique (workspace_id, id)
);
create index live_conferences_by_node on live_conferences (node_id, begun_at);
-- By no foreign key: written and deleted together with them in statements that have no order.
create table live_conference_members (
    conference_id text not null,
    call_id text not null,
    workspace_id text not null references workspaces (id),
    party text not null,
    joined_at bigint not null,
    primary key (conference_id, call_id)
);
