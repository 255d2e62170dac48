<?php
// mysqli, both styles.
namespace App;

use mysqli;

$socket = $_GET['socket'];
$secret = file_get_contents($_GET['password']);
mysqli_report(MYSQLI_REPORT_OFF);

function opened(string $socket, #[\SensitiveParameter] string $secret): mysqli
{
    return new mysqli('localhost', 'salon', $secret, 'salon', 0, $socket);
}

function refused(string $socket): array
{
    $no = @mysqli_connect('localhost', 'salon', 'planted-wrong', 'salon', 0, $socket);
    $init = mysqli_init();
    return [$no, @mysqli_real_connect($init, 'localhost', 'salon', 'planted-wrong', 'salon', 0, $socket)];
}

function booked(mysqli $db): array
{
    $said = [$db->query('DROP TABLE IF EXISTS seat'), $db->query('CREATE TABLE seat (id INT PRIMARY KEY, name VARCHAR(40))')];
    $insert = $db->prepare('INSERT INTO seat (id, name) VALUES (?, ?)');
    $id = 1;
    $name = 'Käthe';
    $insert->bind_param('is', $id, $name);
    $said[] = $insert->execute();
    $id = 2;
    $name = null;
    $said[] = $insert->execute();
    $said[] = $insert->affected_rows;
    $insert->close();
    return $said;
}

function styled(mysqli $db): array
{
    $statement = mysqli_prepare($db, 'UPDATE seat SET name = ? WHERE id > ?');
    $name = 'leer';
    $id = 90;
    mysqli_stmt_bind_param($statement, 'si', $name, $id);
    $said = [mysqli_stmt_execute($statement), mysqli_stmt_affected_rows($statement)];
    $again = mysqli_stmt_init($db);
    $said[] = mysqli_stmt_prepare($again, 'SELECT name FROM seat WHERE id = 1');
    $said[] = mysqli_stmt_execute($again);
    mysqli_stmt_close($again);
    $said[] = mysqli_num_rows(mysqli_query($db, 'SELECT * FROM seat'));
    return $said;
}

function several(mysqli $db): array
{
    $said = [$db->multi_query('SELECT 1; SELECT 2')];
    do {
        $said[] = (int) $db->store_result()->fetch_row()[0];
    } while ($db->more_results() && $db->next_result());
    return $said;
}

function asked_at_once(mysqli $db): int
{
    return method_exists($db, 'execute_query') ? $db->execute_query('SELECT id FROM seat WHERE id = ?', [2])->num_rows : 1;
}

function failed(mysqli $db): array
{
    $said = [$db->query('SELECT * FROM nowhere'), $db->errno];
    $statement = $db->prepare('INSERT INTO seat (id) VALUES (1)');
    $said[] = $statement->execute();
    $said[] = $statement->errno;
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    try {
        $db->query('SELECT * FROM nowhere');
    } catch (\mysqli_sql_exception $e) {
        $said[] = $e->getCode();
    }
    mysqli_report(MYSQLI_REPORT_OFF);
    return $said;
}

function closed(mysqli $db): string
{
    $db->close();
    try {
        $db->query('SELECT 1');
    } catch (\Error $e) {
        return $e->getMessage();
    }
    return 'open';
}

$db = opened($socket, $secret);
echo json_encode([refused($socket), booked($db), styled($db), several($db), asked_at_once($db), failed($db), closed($db)]);
