<?php
// PDO by the driver of ?dsn=, a table of its own.
namespace App;

use PDO;

$dsn = $_GET['dsn'];
$secret = file_get_contents($_GET['password']);

function opened(string $dsn, #[\SensitiveParameter] string $secret): PDO
{
    return new PDO($dsn, 'salon', $secret, [PDO::ATTR_ERRMODE => PDO::ERRMODE_SILENT]);
}

function refused(string $dsn): array
{
    try {
        new PDO($dsn, 'salon', 'planted-wrong');
    } catch (\PDOException $e) {
        return [get_class($e), $e->getMessage() !== ''];
    }
    return ['connected'];
}

function booked(PDO $db): array
{
    $said = [$db->exec('DROP TABLE IF EXISTS booking')];
    $said[] = $db->exec('CREATE TABLE booking (id INT PRIMARY KEY, name VARCHAR(40), at VARCHAR(20))');
    $said[] = $db->beginTransaction();
    $insert = $db->prepare('INSERT INTO booking (id, name, at) VALUES (?, ?, ?)');
    $said[] = $insert->execute([1, 'Käthe', '10:00']);
    $id = 2;
    $insert->bindParam(1, $id, PDO::PARAM_INT);
    $insert->bindValue(2, 'Ömer');
    $insert->bindValue(3, null);
    $said[] = $insert->execute();
    $id = 3;
    $said[] = $insert->execute();
    $said[] = $db->commit();
    return $said;
}

function moved(PDO $db): array
{
    $update = $db->prepare('UPDATE booking SET at = :at WHERE id = :id');
    $said = [];
    foreach ([3 => '11:00', 99 => '12:00'] as $id => $at) {
        $update->bindValue(':at', $at);
        $update->bindValue(':id', $id);
        $said[] = $update->execute();
        $said[] = $update->rowCount();
    }
    return $said;
}

function listed(PDO $db): array
{
    $all = $db->query('SELECT id FROM booking ORDER BY id')->fetchAll(PDO::FETCH_COLUMN);
    $none = $db->prepare('SELECT id FROM booking WHERE id > ?');
    $none->execute([100]);
    return [array_map('intval', $all), $none->fetchAll()];
}

// The database refuses: silently, by an exception, twice the same.
function failed(PDO $db): array
{
    $said = [@$db->exec('INSERT INTO nowhere (id) VALUES (1)')];
    $twice = $db->prepare('INSERT INTO booking (id) VALUES (1)');
    $said[] = $twice->execute();
    $said[] = $twice->errorCode();
    $db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
    try {
        $twice->execute();
    } catch (\PDOException $e) {
        $said[] = $e->getCode();
    }
    return $said;
}

// The server hangs up in the middle.
function gone(PDO $db): array
{
    $end = ['mysql' => 'KILL CONNECTION_ID()', 'pgsql' => 'SELECT pg_terminate_backend(pg_backend_pid())'];
    $said = [];
    foreach ([$end[$db->getAttribute(PDO::ATTR_DRIVER_NAME)], 'SELECT 1'] as $sql) {
        try {
            @$db->query($sql);
            $said[] = true;
        } catch (\PDOException $e) {
            $said[] = false;
        }
    }
    return $said;
}

class Last
{
    public function __construct(private PDO $db)
    {
    }

    public function __destruct()
    {
        $this->db->query('SELECT 42');
    }
}

$db = opened($dsn, $secret);
$said = [refused($dsn), booked($db), moved($db), listed($db), failed($db)];
$last = new Last($db);
unset($last);
if ($db->getAttribute(PDO::ATTR_DRIVER_NAME) !== 'sqlite') {
    $said[] = gone($db);
}
echo json_encode($said);
