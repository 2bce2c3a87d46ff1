BEGIN;

SELECT json_object(
  'title', CAST(coalesce(tasks.title, '') AS TEXT)) AS json_object_1
FROM tasks
WHERE tasks.id = ?;
-- with [4]

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks.id AS TEXT),
  'updatedAt', CAST(tasks.updated_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks.id AS id, tasks.updated_at AS updated_at
FROM tasks
ORDER BY tasks.updated_at DESC, tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [2, 0]

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks.id AS TEXT))) AS json_group_array_1
FROM (SELECT tasks.id AS id
FROM tasks
ORDER BY tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [10001, 0]
