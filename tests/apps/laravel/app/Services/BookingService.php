<?php

namespace App\Services;

use App\Exceptions\BookingRejected;
use Illuminate\Http\Client\PendingRequest;
use Illuminate\Support\Facades\Http;

/** Client of the salon's booking system. */
class BookingService
{
    private string $baseUrl;
    private string $apiToken;
    private float $timeout;

    public function __construct(string $baseUrl, string $apiToken, float $timeout)
    {
        $this->baseUrl = $baseUrl;
        $this->apiToken = $apiToken;
        $this->timeout = $timeout;
    }

    public function createBooking(array $booking): array
    {
        $answer = $this->client()
            ->post('/v1/bookings?location=koeln&email=' . urlencode($booking['attendee']['email'] ?? ''), $booking)
            ->throw()
            ->json();

        return $this->checked($answer);
    }

    public function cancelBooking(string $uid, ?string $reason): array
    {
        return $this->checked(
            $this->client()->delete('/v1/bookings/' . rawurlencode($uid), ['reason' => $reason])->throw()->json()
        );
    }

    private function checked($answer): array
    {
        if (!is_array($answer) || !isset($answer['uid'])) {
            throw new BookingRejected('Booking service sent an unreadable answer');
        }
        return $answer;
    }

    private function client(): PendingRequest
    {
        return Http::baseUrl($this->baseUrl)->withToken($this->apiToken)->acceptJson()->timeout($this->timeout);
    }
}
