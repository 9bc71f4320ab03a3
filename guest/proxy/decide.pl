#!/usr/bin/perl
# Answers squid for each request: does the machine's allowlist let it through? (external_acl_type, squid.conf.)
#   decide.pl [<program that knows whether the kernel's wall stands>]
# With it, an allowlist counts only behind that wall, whoever forgot it. Without (in tests of the rules), nobody asks.
#   in   <channel> <method> <host> <port> <client's port> <TLS handshake, base64> <request | tls | unguarded>
#        (`unguarded`: may it lead to any address?) The rest is URL-encoded by squid, and taken as it is: no host that is allowed needs it.
#   out  <channel> OK | <channel> ERR
# Method, host and handshake are the guest's words. The handshake is read here, as squid takes a name up to its first NUL for the whole. ERR is the answer that lets nothing through, to whatever is no question too; no
# input ends this program, as squid splices TLS whose question nobody answers. A policy that can't be read allows nothing. When it
# changes, connections that it no longer allows are cut. An allowed CONNECT is told on the container's log at once, as squid writes
# its own line only when the tunnel ends.
use strict;
use warnings;
use Errno ();
use IO::Handle ();
use MIME::Base64 ();
use Time::HiRes ();

my $POLICY = $ENV{BULKHEAD_POLICY} // '/proxy/policy';
my @WALL = @ARGV;
my $LISTENER_PORT = 3128;
# How often it looks for a changed or expired rule while connections are open. Seconds.
my $LOOK_EVERY = 0.2;
my $LINE_MAX = 24_576;
my $QUESTION = qr/\A\d+ ([!-~]{1,96}) ([!-~]{1,768}) (\d{1,5}) (\d{1,5}) ([A-Za-z0-9+\/=-]{1,20000}) (request|tls|unguarded)\z/;

# A policy that is just being written is no policy; the one before counts so long. Seconds.
my $PATIENCE = 1;

my ($seen, $broken_since, $warned, $full, %exact, %suffix) = ('', undef, 0, 0);
# The client's port => [method, host, port] of its last allowed request.
my %open;

my $log;
open $log, '>>', '/proc/1/fd/1' or undef $log;
$log->autoflush(1) if $log;
$| = 1;

sub note {
  my ($format, @values) = @_;
  printf $log $format, @values if $log;
  return;
}

sub now { return Time::HiRes::time() * 1000 }

# Takes the policy if it is another file than last time.
sub read_policy {
  my @stat = Time::HiRes::stat($POLICY);
  my $state = @stat ? join ':', @stat[1, 7, 9, 10] : 'none';
  return if $state eq $seen;
  my $found = parse_policy();
  if (!$found) {
    $broken_since //= now();
    return if now() - $broken_since < $PATIENCE * 1000;
  }
  if ($found && !$found->{full} && @WALL && system(@WALL) != 0) {
    # It is asked again at the next request.
    ($found, $state) = (undef, '');
    warn "bulkhead-proxy: the kernel has no wall, so nothing is let through\n" if !$warned++;
  }
  ($seen, $broken_since) = ($state, undef);
  $found //= { full => 0, exact => {}, suffix => {} };
  $full = $found->{full};
  %exact = %{ $found->{exact} };
  %suffix = %{ $found->{suffix} };
  return;
}

# The policy file as a whole, or nothing.
sub parse_policy {
  open my $file, '<', $POLICY or return;
  my @lines = <$file>;
  close $file;
  return if !@lines || pop(@lines) ne "end\n";
  my $found = { full => 0, exact => {}, suffix => {} };
  for my $line (@lines) {
    if ($line eq "full\n") { $found->{full} = 1 }
    elsif ($line =~ /\Arule (\*\.)?([a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9])?) (\d{1,5}) (\d{1,15})\n\z/) {
      push @{ $found->{ $1 ? 'suffix' : 'exact' }{$2} }, [$3, $4];
    }
    else { return }
  }
  return $found;
}

# A rule without a port (0) is for the web's two: plain HTTP on 80, TLS on 443.
sub matches {
  my ($rules, $method, $port) = @_;
  for my $rule (@{ $rules // [] }) {
    my ($wanted, $until) = @$rule;
    next if $until && $until <= now();
    return 1 if $wanted ? $port == $wanted : $port == ($method eq 'CONNECT' ? 443 : 80);
  }
  return 0;
}

sub allowed {
  my ($method, $host, $port) = @_;
  return 1 if $full;
  return 0 if $host !~ /\A[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9])?\z/ || $port !~ /\A\d{1,5}\z/;
  return 1 if matches($exact{$host}, $method, $port);
  my $rest = $host;
  while ($rest =~ s/\A[^.]+\.//) {
    return 1 if matches($suffix{$rest}, $method, $port);
  }
  return 0;
}

# Takes what follows a length of 1 or 2 bytes off the beginning.
sub vector {
  my ($bytes, $size) = @_;
  my $length = unpack $size == 1 ? 'C' : 'n', substr $$bytes, 0, $size, '';
  die "cut off\n" if !defined $length || $length > length $$bytes;
  return substr $$bytes, 0, $length, '';
}

# The one name that a ClientHello (RFC 8446, 4.1.2; RFC 6066, 3) has, in lower case. Dies if it is cut off or has another number of them.
sub server_name {
  my ($records, $message, $end) = (MIME::Base64::decode_base64($_[0]), '', 4);
  while (length $message < $end) {
    my $head = substr $records, 0, 3, '';
    die "no handshake\n" if $head !~ /\A\x16\x03/;
    $message .= vector(\$records, 2);
    $end = 4 + unpack 'N', "\0" . substr $message, 1, 3 if length $message >= 4;
  }
  my $hello = substr $message, 4, $end - 4;
  die "no ClientHello\n" if $message !~ /\A\x01/ || length $hello < 34;
  substr $hello, 0, 34, '';
  vector(\$hello, $_) for 1, 2, 1;
  my $extensions = vector(\$hello, 2);
  my @names;
  while (length $extensions) {
    my $type = unpack 'n', substr $extensions, 0, 2, '';
    my $data = vector(\$extensions, 2);
    next if $type != 0;
    my $list = vector(\$data, 2);
    while (length $list) {
      die "no host name\n" if substr($list, 0, 1, '') ne "\0";
      push @names, vector(\$list, 2);
    }
    die "more than a list\n" if length $data;
  }
  die "not one name\n" if @names != 1 || length $hello;
  return lc $names[0];
}

sub answer {
  my ($method, $host, $port, $client, $handshake, $what) = @_;
  return $full if $what eq 'unguarded';
  $host = lc $host;
  return 0 if !allowed($method, $host, $port);
  return $full || (eval { server_name($handshake) } // '') eq $host if $what eq 'tls';
  $open{$client} = [$method, $host, $port];
  note("open %.0f %s %s\n", now(), $host, $port) if $method eq 'CONNECT';
  return 1;
}

# Answers one line. What doesn't begin with a channel has nobody who waits for an answer.
sub reply {
  my ($line) = @_;
  my ($channel) = $line =~ /\A(\d{1,10}) / or return;
  my @fields = $line =~ $QUESTION;
  read_policy();
  print $channel, @fields && answer(@fields) ? " OK\n" : " ERR\n";
  return;
}

# The connections of the guest that are there: socket => the client's port. Nothing if the kernel does not tell.
sub connections {
  open my $table, '<', '/proc/net/tcp' or return;
  my %port;
  while (my $line = <$table>) {
    my (undef, $local, $remote, undef, undef, undef, undef, undef, undef, $inode) = split ' ', $line;
    next if !$inode || $remote !~ /:([0-9A-F]{4})\z/ || hex $1 != $LISTENER_PORT;
    $port{"socket:[$inode]"} = hex $1 if $local =~ /:([0-9A-F]{4})\z/;
  }
  close $table;
  return \%port;
}

# Ends the processes that carry connections which the policy no longer allows: each is one child of socat. One that is still there is
# looked for again next time.
sub cut {
  my %doomed = map { $_ => 1 } grep { !allowed(@{ $open{$_} }) } keys %open;
  return if !%doomed;
  my $connections = connections() or return;
  my %there = map { $_ => 1 } grep { $doomed{ $connections->{$_} } } keys %$connections;
  delete $doomed{ $connections->{$_} } for keys %there;
  delete @open{ keys %doomed };
  end_carriers(\%there);
  return;
}

sub end_carriers {
  my ($sockets) = @_;
  return if !%$sockets;
  for my $link (glob '/proc/[0-9]*/fd/*') {
    my $target = readlink $link // next;
    kill 'KILL', (split '/', $link)[2] if $sockets->{$target};
  }
  return;
}

# squid starts this program again if it ended. What the one before let through is not known then, so it could not be taken back.
sub end_unknown {
  my $connections = connections() // die "/proc/net/tcp: $!\n";
  end_carriers({ map { $_ => 1 } keys %$connections });
  return;
}

end_unknown() if @WALL;
my ($pending, $overlong) = ('', 0);
while (1) {
  my $ready = '';
  vec($ready, 0, 1) = 1;
  my $found = select $ready, undef, undef, %open ? $LOOK_EVERY : undef;
  read_policy();
  cut() if %open;
  next if $found <= 0;
  my $count = sysread STDIN, $pending, 65_536, length $pending;
  next if !defined $count && $!{EINTR};
  # squid has ended.
  last if !$count;
  while ($pending =~ s/\A([^\n]*)\n//) {
    reply($1) if !$overlong;
    $overlong = 0;
  }
  if (length $pending > $LINE_MAX) {
    reply($pending) if !$overlong;
    ($pending, $overlong) = ('', 1);
  }
}
