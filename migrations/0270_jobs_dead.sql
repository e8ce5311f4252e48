-- Jobs that wait for people are counted by every look at the metrics, among all that are done.
create index jobs_dead on jobs (lane) where state = 'dead';
