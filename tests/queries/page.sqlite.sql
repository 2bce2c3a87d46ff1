BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks_2.id AS TEXT),
  'createdAt', CAST(tasks_2.created_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks_1.id AS id, tasks_1.created_at AS created_at
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.created_at DESC, tasks_1.id DESC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [2, 1]
