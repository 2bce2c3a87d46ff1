BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks.id AS TEXT),
  'title', CAST(coalesce(tasks.title, '') AS TEXT))) AS json_group_array_1
FROM (SELECT tasks.id AS id, tasks.title AS title
FROM tasks
ORDER BY iif(tasks.completed, 1, 0) ASC, CAST(coalesce(tasks.title, '') AS TEXT) DESC, tasks.id DESC
LIMIT ? OFFSET ?) AS tasks;
-- with [10001, 0]
