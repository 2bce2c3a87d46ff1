BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks.id AS TEXT),
  'createdAt', CAST(tasks.created_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks.id AS id, tasks.created_at AS created_at
FROM tasks
ORDER BY tasks.created_at DESC, tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [2, 1]
