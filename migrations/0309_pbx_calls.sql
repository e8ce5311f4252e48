-- Which node follows a call of an external PBX, so that its events may come to any. Written where there are several nodes; rows of
-- which nothing was told for longer than a call may be silent are deleted.
create table pbx_calls (
    -- As the configuration names it.
    source text not null,
    workspace_id text not null references workspaces (id),
    -- The PBX's own id of the call.
    pbx_call_id text not null,
    node_id text not null,
    -- When something was told of it last.
    told_at bigint not null,
    primary key (source, workspace_id, pbx_call_id)
);
create index pbx_calls_by_age on pbx_calls (told_at);
