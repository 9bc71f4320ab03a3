# A vhost-user front-end in place of QEMU: what an attacker in the VMM's container has, who speaks to virtiofsd as he likes.
# Reads commands from stdin, one a line, and answers each with one line:
#   fuse <hex> <room>          one request on the request queue, with <room> bytes for the answer
#   chain <queue> <head> <d>;… descriptors as they are: address,length,flags,next (decimal); an empty place in the table stays
#   poke <address> <hex>       writes into the memory that is shared
#   shrink                     takes all of the shared memory away, and rings
#   load <hex>                 hands in a device state, as a migration would
# Answers: `used <hex>` (what lies where answers are written, as long as the ring says), `silent` after some seconds, `gone`
# when virtiofsd has closed the connection, `loaded <0 or 1>` (0: virtiofsd says that it worked), `poked`.
use strict;
use warnings;
use Socket;
$| = 1;

my ($arch, $path) = @ARGV;
my %call = $arch eq 'arm64'
  ? (sendmsg => 211, memfd_create => 279, eventfd2 => 19)
  : (sendmsg => 46, memfd_create => 319, eventfd2 => 290);
# vhost-user's requests (QEMU's docs/interop/vhost-user.rst).
my %request = (
  GET_FEATURES => 1, SET_FEATURES => 2, SET_OWNER => 3, SET_MEM_TABLE => 5, SET_VRING_NUM => 8, SET_VRING_ADDR => 9,
  SET_VRING_BASE => 10, SET_VRING_KICK => 12, SET_VRING_CALL => 13, GET_PROTOCOL_FEATURES => 15,
  SET_PROTOCOL_FEATURES => 16, SET_VRING_ENABLE => 18, SET_DEVICE_STATE_FD => 42, CHECK_DEVICE_STATE => 43,
);
my $SIZE = 16 << 20;    # of the shared memory, which is all of "the guest"
my $USER = 1 << 28;     # where it is in "QEMU's" address space
my $ENTRIES = 128;
my ($QUEUE, $IN, $OUT) = (0x10000, 0x100000, 0x800000);    # each queue's rings, requests, answers: addresses
my $PATIENCE = 20;      # seconds

sub hex_of { return unpack('H*', $_[0]) }

my $name = "guest\0";
my $memfd = syscall($call{memfd_create}, $name, 0);
die "memfd: $!" if $memfd < 0;
open(my $memory, '+<&=', $memfd) or die "memory: $!";
truncate($memory, $SIZE) or die "truncate: $!";

sub poke {
  my ($at, $bytes) = @_;
  sysseek($memory, $at, 0);
  defined syswrite($memory, $bytes) or die "poke: $!";
}

sub peek {
  my ($at, $length) = @_;
  sysseek($memory, $at, 0);
  my $bytes = '';
  sysread($memory, $bytes, $length);
  return $bytes;
}

socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
connect($socket, sockaddr_un($path)) or die "connect: $!";

sub receive {
  my ($length) = @_;
  my $bytes = '';
  while (length($bytes) < $length) {
    my $bits = '';
    vec($bits, fileno($socket), 1) = 1;
    return undef unless select($bits, undef, undef, $PATIENCE);
    sysread($socket, $bytes, $length - length($bytes), length($bytes)) or return undef;
  }
  return $bytes;
}

# Sends one message with descriptors, and returns the payload of the answer if there is one.
sub ask {
  my ($what, $payload, $answered, @fds) = @_;
  my $message = pack('LLL', $request{$what}, 1 | ($answered eq 'ack' ? 8 : 0), length $payload) . $payload;
  my $iov = pack('PQ', $message, length $message);
  my $control = @fds ? pack('QllL*', 16 + 4 * @fds, 1, 1, @fds) : '';
  $control .= "\0" x (-length($control) % 8);
  my $header = pack('Q L x4 P Q', 0, 0, $iov, 1)
    . (@fds ? pack('P Q', $control, length $control) : pack('QQ', 0, 0)) . pack('Q', 0);
  syscall($call{sendmsg}, fileno($socket), $header, 0x4000) < 0 and return undef;
  return '' if $answered eq '';
  my $head = receive(12) or return undef;
  return receive((unpack('LLL', $head))[2]);
}

my (@kick, @call_fd, @avail, @used);
for my $queue (0, 1) {
  for my $list (\@kick, \@call_fd) {
    my $fd = syscall($call{eventfd2}, 0, 0);
    open($list->[$queue], '+<&=', $fd) or die "eventfd: $!";
  }
}

sub set_up {
  ask('SET_OWNER', '', '');
  ask('GET_FEATURES', '', 'value');
  # Version 1, protocol features; then the acknowledgements and the device state of those.
  my $protocol = unpack('Q', ask('GET_PROTOCOL_FEATURES', '', 'value'));
  ask('SET_PROTOCOL_FEATURES', pack('Q', $protocol & (1 << 3 | 1 << 19)), '');
  ask('SET_FEATURES', pack('Q', 1 << 32 | 1 << 30), 'ack');
  ask('SET_MEM_TABLE', pack('LLQQQQ', 1, 0, 0, $SIZE, $USER, 0), 'ack', $memfd);
  for my $queue (0, 1) {
    my $at = $USER + $QUEUE * (1 + $queue);
    ask('SET_VRING_NUM', pack('LL', $queue, $ENTRIES), 'ack');
    ask('SET_VRING_BASE', pack('LL', $queue, 0), 'ack');
    ask('SET_VRING_ADDR', pack('LLQQQQ', $queue, 0, $at, $at + 0x2000, $at + 0x1000, 0), 'ack');
    ask('SET_VRING_CALL', pack('Q', $queue), 'ack', fileno $call_fd[$queue]);
    ask('SET_VRING_KICK', pack('Q', $queue), 'ack', fileno $kick[$queue]);
    defined ask('SET_VRING_ENABLE', pack('LL', $queue, 1), 'ack') or die "virtiofsd does not want this\n";
    @avail[$queue] = @used[$queue] = 0;
  }
}

sub gone {
  my $bits = '';
  vec($bits, fileno($socket), 1) = 1;
  return 0 unless select($bits, undef, undef, 0);
  my $read = sysread($socket, my $bytes, 1);
  return !defined $read || $read == 0;
}

sub submit {
  my ($queue, $head, @descriptors) = @_;
  my $rings = $QUEUE * (1 + $queue);
  for my $index (0 .. $#descriptors) {
    poke($rings + 16 * $index, pack('QLSS', @{ $descriptors[$index] })) if @{ $descriptors[$index] };
  }
  poke($rings + 0x1000 + 4 + 2 * ($avail[$queue] % $ENTRIES), pack('S', $head));
  poke($rings + 0x1000 + 2, pack('S', ++$avail[$queue] & 0xffff));
  syswrite($kick[$queue], pack('Q', 1));
  for (my $until = time + $PATIENCE; time <= $until; select(undef, undef, undef, 0.002)) {
    if (unpack('S', peek($rings + 0x2000 + 2, 2)) != ($used[$queue] & 0xffff)) {
      my ($id, $length) = unpack('LL', peek($rings + 0x2000 + 4 + 8 * ($used[$queue]++ % $ENTRIES), 8));
      return 'used ' . hex_of(peek($OUT, $length > 0x100000 ? 0x100000 : $length));
    }
    return 'gone' if gone();
  }
  return 'silent';
}

sub shrink {
  truncate($memory, 0) or die "truncate: $!";
  syswrite($kick[1], pack('Q', 1));
  for (my $until = time + $PATIENCE; time <= $until; select(undef, undef, undef, 0.002)) {
    return 'gone' if gone();
  }
  return 'silent';
}

sub load_state {
  my ($state) = @_;
  pipe(my $reader, my $writer) or die "pipe: $!";
  # Load (1) while stopped (0). The answer is a value: bit 8 is set if virtiofsd reads from the pipe that it was handed.
  my $answer = ask('SET_DEVICE_STATE_FD', pack('LL', 1, 0), 'value', fileno $reader);
  close $reader;
  syswrite($writer, $state);
  close $writer;
  return 'gone' unless defined $answer;
  my $checked = ask('CHECK_DEVICE_STATE', '', 'value');
  return defined $checked ? 'loaded ' . (unpack('Q', $checked) ? 1 : 0) : 'gone';
}

set_up();
print "ready\n";
while (my $line = <STDIN>) {
  my ($command, @rest) = split ' ', $line;
  if ($command eq 'fuse') {
    my ($bytes, $room) = (pack('H*', $rest[0]), $rest[1]);
    poke($IN, $bytes);
    # 1: goes on at the next, 2: the device writes it.
    print submit(1, 0, [$IN, length $bytes, $room ? 1 : 0, 1], $room ? [$OUT, $room, 2, 0] : ()), "\n";
  } elsif ($command eq 'chain') {
    my ($queue, $head, $table) = @rest;
    print submit($queue, $head, map { [split /,/] } split(/;/, $table)), "\n";
  } elsif ($command eq 'poke') {
    poke($rest[0], pack('H*', $rest[1]));
    print "poked\n";
  } elsif ($command eq 'shrink') {
    print shrink(), "\n";
  } elsif ($command eq 'load') {
    print load_state(pack('H*', $rest[0] // '')), "\n";
  }
}
