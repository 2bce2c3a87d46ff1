BEGIN;

SELECT count(*) AS count_1, json_group_array(json_object(
  '__typename', 'Task')) AS json_group_array_1
FROM (SELECT tasks.id AS id
FROM tasks
ORDER BY tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [10001, 0]

SELECT count(*) AS count_1, json_group_array(json_object()) AS json_group_array_1
FROM (SELECT tasks.id AS id
FROM tasks
ORDER BY tasks.id ASC
LIMIT ? OFFSET ?) AS tasks;
-- with [2, 0]
