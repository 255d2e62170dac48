<?php
// What goes out over HTTP, through a vendor's client and without one.
namespace App;

require __DIR__ . '/vendor/client.php';

$url = $_GET['url'];
$away = $_GET['away']; // nobody listens there

function easy(string $url): string
{
    $client = new \Vendor\Client();
    return $client->send('DELETE', "$url/easy?token=planted-1&page=2", 'abc');
}

function refused(string $url): array
{
    $h = curl_init("$url/refused");
    curl_setopt($h, CURLOPT_RETURNTRANSFER, true);
    $result = curl_exec($h);
    return [$result, curl_errno($h), curl_error($h)];
}

function thrown(string $url): string
{
    $h = curl_init("$url/thrown");
    curl_setopt($h, CURLOPT_WRITEFUNCTION, function () { throw new \RuntimeException('from a callback'); });
    try {
        curl_exec($h);
    } catch (\RuntimeException $e) {
        return $e->getMessage();
    }
    return 'not thrown';
}

function several(string $url, string $away): array
{
    $multi = curl_multi_init();
    $handles = [];
    foreach (["$url/one", "$away/two", "$url/three"] as $to) {
        $h = curl_init($to);
        curl_setopt($h, CURLOPT_RETURNTRANSFER, true);
        curl_multi_add_handle($multi, $h);
        $handles[] = $h;
    }
    do {
        curl_multi_exec($multi, $running);
        curl_multi_select($multi, 0.05);
    } while ($running);
    $codes = [];
    while ($done = curl_multi_info_read($multi)) {
        $codes[] = $done['result'];
    }
    foreach ($handles as $h) {
        curl_multi_remove_handle($multi, $h);
    }
    sort($codes);
    return $codes;
}

// A handle is added, and nobody asks what came of it.
function forgotten(string $url): string
{
    $multi = curl_multi_init();
    $h = curl_init("$url/forgotten");
    curl_setopt($h, CURLOPT_RETURNTRANSFER, true);
    curl_multi_add_handle($multi, $h);
    do {
        curl_multi_exec($multi, $running);
        curl_multi_select($multi, 0.05);
    } while ($running);
    return substr(curl_multi_getcontent($h), 0, 2);
}

function streams(string $url, string $away): array
{
    $context = stream_context_create(['http' => ['method' => 'POST', 'header' => 'Authorization: Bearer planted-2',
                                                 'content' => 'x', 'ignore_errors' => true]]);
    [, $rest] = explode('://', $url);
    $said = [strlen(file_get_contents("http://user:planted-3@$rest/stream", false, $context)) > 0];
    $said[] = count($http_response_header) > 1;
    $f = fopen("$url/opened?api_key=planted-4", 'r');
    $said[] = is_resource($f);
    fclose($f);
    $said[] = @file_get_contents("$away/away");
    $said[] = strlen(file_get_contents(__FILE__)) > 0;
    return $said;
}

function sockets(string $url, string $away): array
{
    $to = parse_url($url);
    $s = fsockopen($to['host'], $to['port'], $code, $message, 5);
    $said = [is_resource($s), $code];
    fclose($s);
    $to = parse_url($away);
    $said[] = @stream_socket_client("tcp://{$to['host']}:{$to['port']}", $code, $message, 5);
    $said[] = $code;
    return $said;
}

$said = [strlen(easy($url)) > 0, refused($away), thrown($url), several($url, $away), forgotten($url),
         streams($url, $away), sockets($url, $away)];
echo json_encode($said);
