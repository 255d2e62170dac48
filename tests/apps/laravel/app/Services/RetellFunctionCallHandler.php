<?php

namespace App\Services;

use App\Exceptions\BookingRejected;
use App\Repositories\AppointmentRepository;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Http\Client\RequestException;
use Illuminate\Support\Facades\Log;
use Illuminate\Support\Facades\Validator;
use Illuminate\Validation\ValidationException;

/** What the voice agent may call, by name. Agents carry a version suffix: book_appointment_v17. */
class RetellFunctionCallHandler
{
    private const FUNCTIONS = [
        'check_availability' => 'checkAvailability',
        'book_appointment' => 'bookAppointment',
        'cancel_appointment' => 'cancelAppointment',
        'reschedule_appointment' => 'rescheduleAppointment',
    ];

    private BookingService $booking;
    private AvailabilityService $availability;
    private AppointmentRepository $appointments;

    public function __construct(
        BookingService $booking,
        AvailabilityService $availability,
        AppointmentRepository $appointments
    ) {
        $this->booking = $booking;
        $this->availability = $availability;
        $this->appointments = $appointments;
    }

    public function handle(string $name, array $args, array $call): array
    {
        $method = self::FUNCTIONS[$this->baseName($name)] ?? null;
        if ($method === null) {
            return ['success' => false, 'error' => 'Unbekannte Funktion: ' . $name];
        }
        try {
            return $this->{$method}($args, $call);
        } catch (ValidationException $e) {
            return [
                'success' => false,
                'error' => 'validation_failed',
                'message' => $e->validator->errors()->first(),
                'errors' => $e->errors(),
            ];
        } catch (RequestException | ConnectionException | BookingRejected $e) {
            Log::warning('booking failed', ['function' => $name, 'code' => $e->getCode()]);
            return ['success' => false, 'error' => 'Der Termin konnte gerade nicht gebucht werden.'];
        }
    }

    private function baseName(string $name): string
    {
        return preg_replace('/_v\d+$/', '', $name);
    }

    private function checkAvailability(array $args, array $call): array
    {
        $args = $this->validate($args, [
            'datum' => 'required|date_format:Y-m-d',
            'uhrzeit' => 'required|date_format:H:i',
            'dienstleistung' => 'required|string',
        ]);
        $found = $this->availability->check($args['datum'], $args['uhrzeit']);

        return [
            'success' => true,
            'available' => $found['available'],
            'requested_time' => $args['datum'] . ' ' . $args['uhrzeit'],
            'alternatives' => $found['alternatives'],
            'message' => $found['available']
                ? 'Um ' . $args['uhrzeit'] . ' Uhr ist noch frei.'
                : 'Um ' . $args['uhrzeit'] . ' Uhr ist leider schon belegt.',
        ];
    }

    private function bookAppointment(array $args, array $call): array
    {
        $args = $this->validate($args, [
            'customer_name' => 'required|string',
            'customer_phone' => 'string',
            'customer_email' => 'email',
            'customer_address' => 'string',
            'dienstleistung' => 'required|string',
            'start' => 'required|date',
            'bestaetigung' => 'boolean',
        ]);
        $booking = $this->booking->createBooking([
            'start' => $args['start'],
            'service' => $args['dienstleistung'],
            'attendee' => [
                'name' => $args['customer_name'],
                'phone' => $args['customer_phone'] ?? null,
                'email' => $args['customer_email'] ?? null,
            ],
        ]);
        $appointment = $this->appointments->save($booking, $args, $call['call_id'] ?? null);

        return [
            'success' => true,
            'booked' => true,
            'booking' => [
                'id' => $appointment->id,
                'uid' => $appointment->uid,
                'status' => $appointment->status,
                'customer_name' => $appointment->customer_name,
            ],
            'message' => 'Der Termin ist gebucht, wir freuen uns über Ihren Besuch.',
        ];
    }

    private function cancelAppointment(array $args, array $call): array
    {
        $args = $this->validate($args, [
            'booking_uid' => 'required|string|regex:/^bk_/',
            'grund' => 'string',
        ]);
        $this->booking->cancelBooking($args['booking_uid'], $args['grund'] ?? null);

        return ['success' => true, 'cancelled' => true];
    }

    private function rescheduleAppointment(array $args, array $call): array
    {
        $appointment = $this->appointments->findByUid($args['booking_uid'] ?? '');
        // A bug as it happens: nobody thought of an appointment that is not there.
        $moved = $appointment->replicate();
        $moved->start = $args['start'];
        $moved->save();

        return ['success' => true, 'booking' => ['uid' => $moved->uid, 'start' => $moved->start]];
    }

    private function validate(array $args, array $rules): array
    {
        return Validator::make($args, $rules)->validate();
    }
}
