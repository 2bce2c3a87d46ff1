BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'kind', 'Task',
  'name', CAST(coalesce(tasks_2.title, '') AS TEXT),
  'title', CAST(tasks_2.id AS TEXT),
  'again', CAST(coalesce(tasks_2.title, '') AS TEXT),
  '__typename', 'Task')) AS json_group_array_1
FROM (SELECT tasks_1.title AS title, tasks_1.id AS id
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [1, 0]
