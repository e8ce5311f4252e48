-- Who is told when a balance falls below its threshold, beside the event.
create table wallet_alert_subscribers (
    id text primary key,
    workspace_id text not null references wallets (workspace_id),
    email text not null,
    -- The event that this subscriber was told of last, so that none is told twice.
    told_event_id text,
    created_at bigint not null,
    unique (workspace_id, id),
    unique (workspace_id, email)
);
