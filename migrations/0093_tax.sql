-- Tax beside net amounts. The country whose rate counts, which follows the workspace's.
alter table wallets add column country text not null default '';
update wallets set country = coalesce((select w.country from workspaces w where w.id = wallets.workspace_id), '');

-- The rate that was in force when the call started, in basis points, and the tax of its cost; cost_minor is without it.
alter table calls add column tax_bp bigint not null default 0 check (tax_bp between 0 and 10000);
alter table calls add column tax_minor bigint not null default 0 check (tax_minor >= 0);
