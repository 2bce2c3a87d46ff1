BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'kind', 'Task',
  'name', CAST(coalesce(tasks.title, '') AS TEXT),
  'title', CAST(tasks.id AS TEXT),
  'again', CAST(coalesce(tasks.title, '') AS TEXT),
  '__typename', 'Task')) AS json_group_array_1
FROM (SELECT tasks.title AS title, tasks.id AS id
FROM tasks
ORDER BY tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [1, 0]
