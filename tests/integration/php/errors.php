<?php
// A handler without a framework: each function fails, or nearly, in its own way.

namespace App\Exceptions;

class HttpFailed extends \RuntimeException
{
}

class BookingFailed extends \RuntimeException
{
}

class CalendarFull extends \RuntimeException
{
}

function post(string $path): string
{
    $curl = curl_init($_SERVER['BOOKING_URL'] . $path);
    curl_setopt_array($curl, [CURLOPT_POST => true, CURLOPT_POSTFIELDS => '{}', CURLOPT_RETURNTRANSFER => true]);
    $answer = curl_exec($curl);
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($status >= 400) {
        throw new HttpFailed("HTTP $status", $status);
    }
    return $answer;
}

function book(): array
{
    try {
        return json_decode(post('/v1/bookings'), true);
    } catch (HttpFailed $e) {
        throw new BookingFailed('no booking', 0, $e);
    }
}

function remind(): void
{
    try {
        post('/reminders');
    } catch (HttpFailed $e) {
        // nobody need know
    }
}

function full(): void
{
    throw new CalendarFull('no day left');
}

function answer(string $name): array
{
    switch ($name) {
        case 'book_appointment_v17':
            try {
                return ['success' => true, 'booking' => book()];
            } catch (BookingFailed $e) {
                return ['success' => false, 'error' => 'Das hat nicht geklappt.'];
            }
        case 'book_by_waiting_list':
            try {
                full();
            } catch (CalendarFull $e) {
                return ['success' => true, 'message' => 'Wir rufen an.'];
            }
        case 'send_reminder':
            remind();
            return ['success' => true];
        case 'warns':
            $slots = [];
            return ['success' => true, 'slot' => $slots['first']];
        case 'notices':
            trigger_error('by the way', E_USER_NOTICE);
            return ['success' => true, 'quiet' => @$slots['none']];
        case 'dies':
            echo '{"success":true,';
            flush();
            return ['text' => str_repeat('x', 1 << 30)];
        default:
            throw new \LogicException("no function $name");
    }
}

header('Content-Type: application/json');
echo json_encode(answer(json_decode(file_get_contents('php://input'), true)['name']));
