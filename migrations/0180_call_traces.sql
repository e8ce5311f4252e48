-- What the legs of a call said in SIP and how they sounded: one row a call, written once, when it is over.
create table call_traces (
    call_id text primary key,
    workspace_id text not null,
    -- JSON, deflated, in base64. Credentials, keys of media and digits are left out before it is written.
    content text not null,
    created_at bigint not null,
    foreign key (workspace_id, call_id) references calls (workspace_id, id)
);
create index call_traces_by_age on call_traces (created_at);
