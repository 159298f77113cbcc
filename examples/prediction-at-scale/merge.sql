-- duckdb < merge.sql: the parts of a prediction as one Parquet file, in the order of their rows' ids, and how many rows there are.
COPY (
  SELECT * FROM read_csv('predictions-*-of-*.csv', union_by_name = true) ORDER BY id
) TO 'predictions.parquet' (FORMAT parquet);
SELECT count(*) AS rows FROM 'predictions.parquet';
