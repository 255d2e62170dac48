<?php
// What a Vapi server answers: one result for each tool call; of "fails" an error, of "silent" none.
function book_appointment(array $arguments): array
{
    return ['success' => true, 'booking' => ['uid' => 'bk_1', 'start' => $arguments['date'] ?? null]];
}

$message = json_decode(file_get_contents('php://input'), true)['message'] ?? [];
$results = [];
foreach ($message['toolCallList'] ?? [] as $call) {
    $name = $call['name'] ?? $call['function']['name'];
    $arguments = $call['parameters'] ?? $call['arguments'] ?? $call['function']['arguments'];
    if (is_string($arguments)) {
        $arguments = json_decode($arguments, true);
    }
    if ($name === 'fails') {
        $results[] = ['toolCallId' => $call['id'], 'error' => 'no slot is free'];
    } elseif ($name !== 'silent') {
        $results[] = ['toolCallId' => $call['id'], 'result' => json_encode(book_appointment($arguments))];
    }
}
header('Content-Type: application/json');
echo json_encode(($message['type'] ?? '') === 'tool-calls' ? ['results' => array_reverse($results)] : ['received' => true]);
