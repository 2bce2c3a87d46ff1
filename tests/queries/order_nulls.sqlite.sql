BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks.id AS TEXT),
  'completedAt', CAST(tasks.completed_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks.id AS id, tasks.completed_at AS completed_at
FROM tasks
ORDER BY tasks.completed_at ASC NULLS FIRST, tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [10001, 0]

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks.id AS TEXT),
  'completedAt', CAST(tasks.completed_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks.id AS id, tasks.completed_at AS completed_at
FROM tasks
ORDER BY tasks.completed_at DESC NULLS LAST, tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [10001, 0]
