drop trigger audit_log_no_update;
create trigger audit_log_no_update before update on audit_log
when not exists (select 1 from erasures_open where workspace_id = old.workspace_id)
  or new.id is not old.id or new.workspace_id is not old.workspace_id or new.actor_kind is not old.actor_kind
  or new.actor_id is not old.actor_id or new.action_kind is not old.action_kind or new.subject_id is not old.subject_id
  or new.ip is not old.ip or new.created_at is not old.created_at
begin
  select raise(abort, 'audit_log is append-only');
end;
