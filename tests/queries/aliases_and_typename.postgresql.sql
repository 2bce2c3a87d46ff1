SELECT count(*) AS count_1, CAST(coalesce(json_agg(json_build_object(
  'kind', 'Task',
  'name', coalesce(tasks_2.title, ''),
  'title', CAST(tasks_2.id AS TEXT),
  'again', coalesce(tasks_2.title, ''),
  '__typename', 'Task')), CAST('[]' AS JSON)) AS TEXT) AS coalesce_1
FROM (SELECT tasks_1.title AS title, tasks_1.id AS id
FROM tasks AS tasks_1
WHERE true
ORDER BY tasks_1.id ASC
LIMIT $1::BIGINT OFFSET $2::BIGINT) AS tasks_2;
-- with [1, 0]
