alter table jobs drop constraint jobs_lane_check;
alter table jobs add constraint jobs_lane_check check (lane in ('own', 'mail', 'payments', 'callbacks'));
