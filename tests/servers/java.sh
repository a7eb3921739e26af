# program: OpenJDK 17
# package: openjdk-17-jdk-headless
# work: com.sun.net.httpserver with a client, a thread pool, garbage collection, SecureRandom, ProcessBuilder, a scheduled hour
mkdir /tmp/j && cd /tmp/j
cat >T.java <<'J'
import com.sun.net.httpserver.*;
import java.net.*;
import java.net.http.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.*;

public class T {
    public static void main(String[] args) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 8000), 0);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        server.setExecutor(pool);
        server.createContext("/", e -> {
            byte[] body = ("hi " + e.getRequestURI()).getBytes();
            e.sendResponseHeaders(200, body.length);
            e.getResponseBody().write(body);
            e.close();
        });
        server.start();
        for (String path : List.of("/a", "/b")) {
            var in = new URL("http://127.0.0.1:8000" + path).openStream();
            System.out.println(new String(in.readAllBytes()));
        }
        AtomicLong sum = new AtomicLong();
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) { int n = i; all.add(pool.submit(() -> sum.addAndGet(n))); }
        for (Future<?> f : all) f.get();
        System.out.println(sum);
        List<byte[]> kept = new ArrayList<>();
        for (int i = 0; i < 2000; i++) { kept.add(new byte[100_000]); if (kept.size() > 50) kept.clear(); }
        System.gc();
        System.out.println("collected");
        System.out.println(new java.security.SecureRandom().nextLong() != 0);
        Process p = new ProcessBuilder("/bin/echo", "child").start();
        System.out.println(new String(p.getInputStream().readAllBytes()).trim() + " " + p.waitFor());
        try { Object o = null; o.hashCode(); } catch (NullPointerException e) { System.out.println("null"); }
        ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
        timer.schedule(() -> System.out.println("later"), 1, TimeUnit.HOURS).get();
        timer.shutdown(); pool.shutdown(); server.stop(0);
    }
}
J
java T.java
# expect: hi /a
# expect: hi /b
# expect: 4950
# expect: collected
# expect: true
# expect: child 0
# expect: null
# expect: later
