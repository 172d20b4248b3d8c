import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.net.URI;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.json.JSONObject;

/**
 * The Java client against sio-conformance: {@code Check polling|websocket|upgrade URL}. Exits 0 when
 * every check held; says which one did not.
 */
public final class Check {
  private static final int LIMIT_SECONDS = 20;

  private static void fail(String what) {
    System.err.println(what);
    System.exit(1);
  }

  private static void expect(String what, Object found, Object wanted) {
    boolean same = found instanceof byte[] bytes && wanted instanceof byte[] others
        ? Arrays.equals(bytes, others)
        : String.valueOf(found).equals(String.valueOf(wanted));
    if (!same) fail(what + ": " + found + " is not " + wanted);
  }

  private static Object[] next(String what, BlockingQueue<Object[]> from) throws Exception {
    Object[] values = from.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (values == null) fail(what + " did not come");
    return values;
  }

  private static BlockingQueue<Object[]> listen(Socket socket, String event) {
    BlockingQueue<Object[]> came = new LinkedBlockingQueue<>();
    socket.on(event, came::add);
    return came;
  }

  private static Object[] ask(Socket socket, String event, Object... values) throws Exception {
    BlockingQueue<Object[]> answer = new LinkedBlockingQueue<>();
    socket.emit(event, values, (Ack) answer::add);
    return next("the ack of " + event, answer);
  }

  public static void main(String[] arguments) throws Exception {
    IO.Options options = new IO.Options();
    options.forceNew = true;
    options.reconnection = false;
    options.auth = Map.of("token", "secret");
    if (!arguments[0].equals("upgrade")) options.transports = new String[] {arguments[0]};
    Socket socket = IO.socket(URI.create(arguments[1]), options);
    var greeting = listen(socket, "auth");
    var back = listen(socket, "message-back");
    var data = listen(socket, "bindata");
    var said = listen(socket, "said");
    var gone = listen(socket, Socket.EVENT_DISCONNECT);
    socket.connect();

    expect("the greeting", next("the greeting", greeting)[0], "{\"token\":\"secret\"}");
    expect("the length of the id", socket.id().length(), 20);

    socket.emit("message", 1, "ü", new JSONObject(Map.of("three", true)));
    Object[] event = next("an event", back);
    expect("an event", event[0] + " " + event[1] + " " + event[2], "1 ü {\"three\":true}");
    expect("an ack", ask(socket, "message-with-ack", "x")[0], "x");
    expect("the first of two acks", ask(socket, "twice-ack")[0], "first");

    socket.emit("message", (Object) new byte[] {1, 2, -1});
    expect("bytes", next("bytes", back)[0], new byte[] {1, 2, -1});
    socket.emit("bin");
    expect("bytes from the server", next("bindata", data)[0], new byte[] {1, 2, 3});

    expect("a room", ask(socket, "join", "r")[0], "ok");
    socket.emit("say", "r", "hello");
    expect("what is said in it", next("what is said", said)[0], "hello");

    socket.emit("kick", true);
    expect("the reason of the end", next("the end", gone)[0], "io server disconnect");
    System.exit(0);
  }
}
