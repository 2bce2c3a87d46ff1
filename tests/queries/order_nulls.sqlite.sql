BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks_2.id AS TEXT),
  'completedAt', CAST(tasks_2.completed_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks_1.id AS id, tasks_1.completed_at AS completed_at
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.completed_at ASC NULLS FIRST, tasks_1.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [10001, 0]

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks_2.id AS TEXT),
  'completedAt', CAST(tasks_2.completed_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks_1.id AS id, tasks_1.completed_at AS completed_at
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.completed_at DESC NULLS LAST, tasks_1.id DESC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [10001, 0]
