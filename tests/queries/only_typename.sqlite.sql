BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  '__typename', 'Task')) AS json_group_array_1
FROM (SELECT tasks_1.id AS id
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [10001, 0]

SELECT count(*) AS count_1, json_group_array(json_object()) AS json_group_array_1
FROM (SELECT tasks_1.id AS id
FROM tasks AS tasks_1
WHERE 1 = 1
ORDER BY tasks_1.id ASC
LIMIT ? + 0 OFFSET ?) AS tasks_2;
-- with [2, 0]
