<?php
// pgsql.
namespace App;

$dir = $_GET['dir'];
$secret = trim(file_get_contents($_GET['password']));

function opened(string $dir, #[\SensitiveParameter] string $secret)
{
    return pg_connect("host=$dir dbname=postgres user=salon password=$secret");
}

function refused(string $dir): bool
{
    return @pg_connect("host=$dir dbname=postgres user=salon password='planted-wrong'");
}

function booked($db): array
{
    $said = [(bool) pg_query($db, 'DROP TABLE IF EXISTS seat'), (bool) pg_query($db, 'CREATE TABLE seat (id INT PRIMARY KEY, name TEXT)')];
    $said[] = pg_affected_rows(pg_query_params($db, 'INSERT INTO seat VALUES ($1, $2), ($3, $4)', [1, 'Käthe', 2, null]));
    pg_prepare($db, 'move', 'UPDATE seat SET name = $1 WHERE id > $2');
    $said[] = pg_affected_rows(pg_execute($db, 'move', ['leer', 1]));
    $said[] = pg_affected_rows(pg_execute($db, 'move', ['leer', 90]));
    $said[] = pg_num_rows(pg_query($db, 'SELECT * FROM seat'));
    return $said;
}

function failed($db): array
{
    return [@pg_query($db, 'SELECT * FROM nowhere'), @pg_query_params($db, 'INSERT INTO seat (id) VALUES ($1)', [1]),
            str_contains(pg_last_error($db), 'seat_pkey')];
}

function sent($db): array
{
    $said = [pg_send_query($db, 'SELECT 1; SELECT 2')];
    while ($result = pg_get_result($db)) {
        $said[] = (int) pg_fetch_result($result, 0, 0);
    }
    return $said;
}

function gone($db): array
{
    return [(bool) @pg_query($db, 'SELECT pg_terminate_backend(pg_backend_pid())'), (bool) @pg_query($db, 'SELECT 1')];
}

$db = opened($dir, $secret);
echo json_encode([refused($dir), booked($db), failed($db), sent($db), gone($db)]);
