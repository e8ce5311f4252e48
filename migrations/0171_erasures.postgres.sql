create function refuse_change_but_erasure() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE'
    and exists (select 1 from erasures_open where workspace_id = old.workspace_id)
    and (new.id, new.actor_kind, new.action_kind, new.created_at)
      = (old.id, old.actor_kind, old.action_kind, old.created_at)
    and new.workspace_id is not distinct from old.workspace_id
    and new.actor_id is not distinct from old.actor_id
    and new.subject_id is not distinct from old.subject_id
    and new.ip is not distinct from old.ip
  then
    return new;
  end if;
  raise exception '% is append-only', tg_table_name;
end
$$;
drop trigger audit_log_no_change on audit_log;
create trigger audit_log_no_change before update or delete on audit_log
  for each row execute function refuse_change_but_erasure();
