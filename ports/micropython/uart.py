"""Serial line to a modem on machine.UART, with the pins that start and reset it."""

from machine import UART

from . import sleep_ms, ticks_ms

_STEP = 2  # ms between two looks at the line


class Line:
    """A blocking line to a modem.

    number, baudrate: of the UART; power, reset: machine.Pin outputs that move the modem's keys,
    None where there is none; active: their level when pressed; rxbuf: octets of the driver's
    receive buffer, which must hold what comes while the program is busy (512 are 44 ms at
    115200 bit/s); pins: tx, rx, rts and cts as machine.UART takes them. With rts or cts given
    the hardware's flow control is switched on.
    """

    def __init__(
        self, number, baudrate=115200, power=None, reset=None, active=1, rxbuf=512, **pins
    ):
        flow = (UART.RTS if "rts" in pins else 0) | (UART.CTS if "cts" in pins else 0)
        if flow:
            pins["flow"] = flow
        self.uart = UART(number, baudrate, timeout=0, rxbuf=rxbuf, **pins)
        self.key = reset or power
        self.active = active
        for pin in (power, reset):
            if pin:
                pin.value(not active)

    def press(self, level):
        """Press (1) or let go (0) the reset key, or the power key where there is no other."""
        if self.key:
            self.key.value(self.active if level else not self.active)

    def readinto(self, view, ms):
        """Octets read into ``view``, 0 when none came within ``ms``."""
        start = ticks_ms()
        while not self.uart.any():
            if ticks_ms() - start & 0x1FFFFFFF >= ms:
                return 0
            sleep_ms(_STEP)
        return self.uart.readinto(view) or 0

    def write(self, view, ms):
        """Send all of ``view``. Raises OSError 110 when flow control holds it up for ``ms``."""
        start = ticks_ms()
        done = 0
        while done < len(view):
            n = self.uart.write(view[done:] if done else view)
            if n:
                done += n
            elif ticks_ms() - start & 0x1FFFFFFF >= ms:
                raise OSError(110)
            else:
                sleep_ms(_STEP)

    def close(self):
        """Give the UART back."""
        self.uart.deinit()


class AsyncLine(Line):
    """The same for asyncio: `readinto` and `write` are coroutines."""

    async def open(self, bearer):
        """Nothing is left to do: it is open."""

    async def readinto(self, view, ms):
        """Octets read into ``view``, 0 when none came within ``ms``."""
        from asyncio import sleep_ms as pause

        start = ticks_ms()
        while not self.uart.any():
            if ticks_ms() - start & 0x1FFFFFFF >= ms:
                return 0
            await pause(_STEP)
        return self.uart.readinto(view) or 0

    async def write(self, view, ms):
        """Send all of ``view``: the parts are short, the driver's buffer takes them."""
        Line.write(self, view, ms)
