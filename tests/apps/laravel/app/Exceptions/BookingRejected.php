<?php

namespace App\Exceptions;

use RuntimeException;

/** The booking service answered, but not with a booking. */
class BookingRejected extends RuntimeException
{
}
