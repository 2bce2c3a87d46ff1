BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  'id', CAST(tasks_2.id AS TEXT),
  'title', CAST(coalesce(tasks_2.title, '') AS TEXT))) AS json_group_array_1
FROM (SELECT tasks_1.id AS id, tasks_1.title AS title
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.is_completed ASC, CAST(coalesce(tasks_1.title, '') AS TEXT) DESC, tasks_1.id DESC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [10001, 0]
