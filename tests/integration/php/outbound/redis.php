<?php
// Redis by phpredis.
namespace App;

use Redis;

$socket = $_GET['socket'];
$secret = trim(file_get_contents($_GET['password']));

function opened(string $socket, #[\SensitiveParameter] string $secret): Redis
{
    $redis = new Redis();
    $redis->connect($socket);
    $redis->auth($secret);
    return $redis;
}

function refused(string $socket): array
{
    $redis = new Redis();
    $said = [];
    try {
        $redis->get('nothing');
    } catch (\RedisException $e) {
        $said[] = 'not connected';
    }
    try {
        $said[] = @$redis->connect("$socket.nowhere");
    } catch (\RedisException $e) {
        $said[] = 'refused';
    }
    $redis = new Redis();
    $redis->connect($socket);
    try {
        $said[] = $redis->get('slot:1');
    } catch (\RedisException $e) {
        $said[] = 'not allowed';
    }
    try {
        $said[] = $redis->auth('planted-wrong');
    } catch (\RedisException $e) {
        $said[] = 'not allowed';
    }
    return $said;
}

function kept(Redis $redis): array
{
    return [$redis->set('slot:1', 'Käthe', ['ex' => 60]), $redis->get('slot:1'), $redis->get('slot:2'), $redis->del(['slot:1', 'slot:9']),
            $redis->set('password_reset:17', 'planted-reset'), $redis->get('password_reset:17') === 'planted-reset', $redis->hSet('h', 'a', 'b'),
            $redis->hGetAll('h'), $redis->unlink('h'), $redis->eval('return 7'), $redis->rawCommand('ECHO', 'so')];
}

function piped(Redis $redis): array
{
    $said = $redis->multi(Redis::PIPELINE)->incr('n')->get('n')->del('n')->exec();
    $redis->multi();
    $redis->set('m', '1');
    $redis->incr('m');
    return [...$said, ...$redis->exec()];
}

function failed(Redis $redis): array
{
    $redis->set('text', 'abc');
    return [$redis->lPush('text', 'x'), $redis->lPush('text', 'x'), $redis->get('nothing'), $redis->incr('text')];
}

// Closed, and used again: what the client makes of it is its own matter.
function gone(Redis $redis): bool
{
    $redis->close();
    try {
        return $redis->get('slot:1') === 'away';
    } catch (\RedisException $e) {
        return false;
    }
}

$redis = opened($socket, $secret);
echo json_encode([refused($socket), kept($redis), piped($redis), failed($redis), gone($redis)]);
