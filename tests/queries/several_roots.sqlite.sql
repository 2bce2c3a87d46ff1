BEGIN;

SELECT json_object(
  'title', CAST(coalesce(tasks_1.title, '') AS TEXT)) AS json_object_1
FROM tasks AS tasks_1
WHERE tasks_1.id = ?;
-- with [4]

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks_2.id AS TEXT),
  'updatedAt', CAST(tasks_2.updated_at AS TEXT))) AS json_group_array_1
FROM (SELECT tasks_1.id AS id, tasks_1.updated_at AS updated_at
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.updated_at DESC, tasks_1.id DESC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [2, 0]

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks_2.id AS TEXT))) AS json_group_array_1
FROM (SELECT tasks_1.id AS id
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [10001, 0]
