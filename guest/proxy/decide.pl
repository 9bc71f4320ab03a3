#!/usr/bin/perl
# Answers squid for each request: does the machine's allowlist let it through? (external_acl_type, squid.conf.)
#   decide.pl [<program that knows whether the kernel's wall stands>]
# With it, an allowlist counts only behind that wall, whoever forgot it. Without (in tests of the rules), nobody asks.
#   in   <channel> <method> <host> <port> <client's port> <name in the TLS handshake> <request | tls | unguarded>
#        (`unguarded`: may it lead to any address?) URL-encoded by squid, and taken as it is: no host that is allowed needs it.
#   out  <channel> OK | <channel> ERR
# Method, host and name are the guest's words. ERR is the answer that lets nothing through, to whatever is no question too; no
# input ends this program, as squid splices TLS whose question nobody answers. A policy that can't be read allows nothing. When it
# changes, connections that it no longer allows are cut. An allowed CONNECT is told on the container's log at once, as squid writes
# its own line only when the tunnel ends.
use strict;
use warnings;
use Errno ();
use IO::Handle ();
use Time::HiRes ();

my $POLICY = $ENV{BULKHEAD_POLICY} // '/proxy/policy';
my @WALL = @ARGV;
my $LISTENER_PORT = 3128;
# How often it looks for a changed or expired rule while connections are open. Seconds.
my $LOOK_EVERY = 0.2;
my $LINE_MAX = 16_384;
my $QUESTION = qr/\A\d+ ([!-~]{1,96}) ([!-~]{1,768}) (\d{1,5}) (\d{1,5}) (-|[A-Za-z0-9._-]{1,253}) (request|tls|unguarded)\z/;

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

sub answer {
  my ($method, $host, $port, $client, $name, $what) = @_;
  return $full if $what eq 'unguarded';
  $host = lc $host;
  return 0 if !allowed($method, $host, $port);
  return $full || lc $name eq $host if $what eq 'tls';
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
