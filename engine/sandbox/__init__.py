"""The sandbox: a double of Qliro and Fortnox as far as payouts use them, in process or served.

Make a world (``generator.month``, ``generator.clean``, ``company.empty_world`` and the named
``troubles``), then talk to it through ``transport.SandboxTransport`` or ``server.serve``; plan
what shall go wrong with ``faults``. Nothing here is used by the program proper.
"""
