SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'kind', 'Task',
  'name', coalesce(tasks.title, ''),
  'title', CAST(tasks.id AS TEXT),
  'again', coalesce(tasks.title, ''),
  '__typename', 'Task')), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks.title AS title, tasks.id AS id
FROM tasks
ORDER BY tasks.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks;
-- with [1, 0]
